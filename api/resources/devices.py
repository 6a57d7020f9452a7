"""/devices: sending numbers behind gateways."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from api.http.blueprints import Blueprint
from api.http.context import actor, container, outreach, page, resource
from api.schemas import serializers
from api.schemas.devices import Device, DeviceChange, NewDevice
from api.schemas.fields import Nothing, PageQuery, fill_max_delay, page_of
from domain.device import OPERATOR, Configuration
from domain.errors import InvalidInputError
from projections.records import credentials

blueprint = Blueprint("devices", __name__, url_prefix="/api/v1/devices")


def _show(device_id: UUID) -> Any:
    return resource("device", device_id, serializers.device)


def _check_secret_key(given: dict[str, str] | None) -> None:
    """Before anything is written."""
    if given and container().settings.secret_key is None:
        expected = "SENDTRAIL_SECRET_KEY to be set on the server, which encrypts them"
        raise InvalidInputError("credentials", expected)


def _keep(device_id: UUID, given: dict[str, str] | None) -> None:
    """In place of those it had; an empty object takes them away."""
    if given is not None:
        with container().database.transaction() as connection:
            credentials.put(connection, device_id, given, container().settings.secret_key)


@blueprint.post("")
@blueprint.arguments(NewDevice)
@blueprint.response(201, Device)
def register(data: dict[str, Any]) -> Any:
    """Register a device; it is offline until its gateway or a person says otherwise"""
    given = data.pop("credentials", None)
    _check_secret_key(given)
    fill_max_delay(data, default=15.0)
    device_id = outreach().register_device(Configuration(**data), actor=actor()).id
    _keep(device_id, given)
    return _show(device_id)


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(Device))
def index(query: dict[str, Any]) -> Any:
    """List devices"""
    return page("device", query, serializers.device)


@blueprint.get("/<uuid:device_id>")
@blueprint.response(200, Device)
def show(device_id: UUID) -> Any:
    """Show a device"""
    return _show(device_id)


@blueprint.patch("/<uuid:device_id>")
@blueprint.arguments(DeviceChange, required=False)
@blueprint.response(200, Device)
def reconfigure(data: dict[str, Any], device_id: UUID) -> Any:
    """Change a device; what is not given stays"""
    given = data.pop("credentials", None)
    _check_secret_key(given)

    def changed(present: Configuration) -> Configuration:
        fill_max_delay(data, default=present.max_delay_seconds)
        return msgspec.structs.replace(present, **data)

    outreach().reconfigure_device(device_id, changed, actor=actor())
    _keep(device_id, given)
    return _show(device_id)


@blueprint.post("/<uuid:device_id>/connect")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Device)
def connect(_: dict[str, Any], device_id: UUID) -> Any:
    """Let it send"""
    outreach().connect_device(device_id, actor=actor())
    return _show(device_id)


@blueprint.post("/<uuid:device_id>/disconnect")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Device)
def disconnect(_: dict[str, Any], device_id: UUID) -> Any:
    """Let it rest, until a person connects it; its messages stay pending"""
    outreach().disconnect_device(device_id, OPERATOR, actor=actor())
    return _show(device_id)


@blueprint.post("/<uuid:device_id>/retire")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Device)
def retire(_: dict[str, Any], device_id: UUID) -> Any:
    """For good; what is pending on it is cancelled"""
    outreach().retire_device(device_id, actor=actor())
    return _show(device_id)

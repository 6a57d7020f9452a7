"""/devices: sending numbers behind gateways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from flask_smorest import abort

from api.http import approved_templates
from api.http.blueprints import Blueprint
from api.http.context import actor, key, outreach, page, resource
from api.schemas import serializers
from api.schemas.devices import (
    Device,
    DeviceQuery,
    DeviceRevision,
    NewDevice,
    Retirement,
    Templates,
)
from api.schemas.fields import Nothing, fill_max_delay, page_of
from domain.device import OPERATOR, Configuration
from domain.warm_up import WarmUp

blueprint = Blueprint("devices", __name__, url_prefix="/api/v1/devices")


def _show(device_id: UUID) -> Any:
    return resource("device", device_id, serializers.device)


def _with_warm_up(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with the types of ``Configuration``."""
    if data.get("warm_up") is not None:
        given = data["warm_up"]
        data["warm_up"] = WarmUp(least=given["from_"], most=given["to"], days=given["days"])
    return data


def _check_clear_text(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """403 unless this key may change a device's settings so, as far as ``allow_http`` goes.

    An admin allows one host, not the device. So who is no admin may neither set it nor change
    ``base_url`` while it is set. To take it away, or to change anything else, is everybody's.
    """
    if key().may("admin") or after.get("allow_http") in (None, False):
        return
    if any(before.get(name) != after.get(name) for name in ("allow_http", "base_url")):
        abort(
            403,
            message="settings.allow_http: expected a key of role admin to set it, or to change"
            f" base_url while it is set; this is {key().role}",
        )


@blueprint.post("", needs="operator")
@blueprint.arguments(NewDevice)
@blueprint.response(201, Device)
def register(data: dict[str, Any]) -> Any:
    """Register a device; it is offline until its gateway or a person says otherwise"""
    credentials = data.pop("credentials", None)
    _check_clear_text({}, data.get("settings", {}))
    fill_max_delay(data, default=15.0)
    configuration = Configuration(**_with_warm_up(data))
    return _show(outreach().register_device(configuration, credentials, actor=actor()).id)


@blueprint.get("", needs="viewer")
@blueprint.arguments(DeviceQuery, location="query")
@blueprint.response(200, page_of(Device))
def index(query: dict[str, Any]) -> Any:
    """List devices"""
    return page("device", query, serializers.device)


@blueprint.get("/<uuid:device_id>", needs="viewer")
@blueprint.response(200, Device)
def show(device_id: UUID) -> Any:
    """Show a device"""
    return _show(device_id)


@blueprint.get("/<uuid:device_id>/templates", needs="viewer")
@blueprint.response(200, Templates)
@blueprint.alt_response(409, description="the device's gateway has no templates")
@blueprint.alt_response(502, description="the provider does not answer, or refuses")
def templates(device_id: UUID) -> Any:
    """The templates that its provider has, as the provider says now"""
    return {
        "items": [serializers.approved(each) for each in approved_templates.of_device(device_id)]
    }


@blueprint.patch("/<uuid:device_id>", needs="operator")
@blueprint.arguments(DeviceRevision, required=False)
@blueprint.response(200, Device)
def reconfigure(data: dict[str, Any], device_id: UUID) -> Any:
    """Change a device; what is not given stays"""
    credentials = _with_warm_up(data).pop("credentials", None)
    seen = data.pop("version", None)

    def change(configuration: Configuration) -> Configuration:
        _check_clear_text(configuration.settings, data.get("settings", configuration.settings))
        fill_max_delay(data, default=configuration.max_delay_seconds)
        return msgspec.structs.replace(configuration, **data)

    outreach().reconfigure_device(device_id, change, credentials, seen=seen, actor=actor())
    return _show(device_id)


@blueprint.post("/<uuid:device_id>/connect", needs="operator")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Device)
def connect(_: dict[str, Any], device_id: UUID) -> Any:
    """Let it send"""
    outreach().connect_device(device_id, actor=actor())
    return _show(device_id)


@blueprint.post("/<uuid:device_id>/disconnect", needs="operator")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Device)
def disconnect(_: dict[str, Any], device_id: UUID) -> Any:
    """Let it rest, until a person connects it; its messages stay pending"""
    outreach().disconnect_device(device_id, OPERATOR, actor=actor())
    return _show(device_id)


@blueprint.post("/<uuid:device_id>/retire", needs="operator")
@blueprint.arguments(Retirement, required=False)
@blueprint.response(200, Device)
@blueprint.alt_response(
    409, description="messages are pending, errors.pending of them, and neither field says what"
)
def retire(data: dict[str, Any], device_id: UUID) -> Any:
    """For good; what is pending on it moves to another device or is cancelled, as the body says"""
    outreach().retire_device(device_id, **data, actor=actor())
    return _show(device_id)

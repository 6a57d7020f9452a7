"""/leads: people, their triggers, their opt-outs, and the import of many."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from flask import request
from flask_smorest import abort

from api.http import uploads
from api.http.blueprints import Blueprint
from api.http.context import actor, container, outreach, page, resource
from api.schemas import serializers
from api.schemas.fields import page_of
from api.schemas.leads import Evidence, ImportSummary, Lead, LeadFields, LeadQuery, NewLead, Trigger
from domain import lead, values
from domain.errors import InvalidInputError, NotFoundError
from projections.intake.lead_import import import_leads

blueprint = Blueprint("leads", __name__, url_prefix="/api/v1/leads")


def _show(lead_id: UUID) -> Any:
    return resource("lead", lead_id, serializers.lead)


def _check_device(device_id: UUID | None) -> None:
    """Raises InvalidInputError unless the device exists, or none is named."""
    if device_id is None:
        return
    try:
        outreach().get_device(device_id)
    except NotFoundError:
        raise InvalidInputError("device_id", "the id of a device") from None


@blueprint.post("")
@blueprint.arguments(NewLead)
@blueprint.response(201, Lead)
@blueprint.alt_response(409, description="the phone is known; errors.id is the lead's")
def register(data: dict[str, Any]) -> Any:
    """Register a lead"""
    phone = values.phone(data.pop("phone"), container().settings.default_region)
    triggers = data.pop("triggers", [])
    _check_device(data.get("device_id"))
    return _show(outreach().register_lead(phone, triggers, lead.profile(**data), actor=actor()).id)


@blueprint.get("")
@blueprint.arguments(LeadQuery, location="query")
@blueprint.response(200, page_of(Lead))
def index(query: dict[str, Any]) -> Any:
    """List leads"""
    if "phone" in query:
        query["phone"] = values.phone(query["phone"], container().settings.default_region)
    return page("lead", query, serializers.lead)


@blueprint.get("/<uuid:lead_id>")
@blueprint.response(200, Lead)
def show(lead_id: UUID) -> Any:
    """Show a lead"""
    return _show(lead_id)


@blueprint.patch("/<uuid:lead_id>")
@blueprint.arguments(LeadFields, required=False)
@blueprint.response(200, Lead)
def update(data: dict[str, Any], lead_id: UUID) -> Any:
    """Change what is said of a lead; what is not given stays"""
    _check_device(data.get("device_id"))

    def change(profile: lead.Profile) -> lead.Profile:
        return lead.profile(**{**msgspec.structs.asdict(profile), **data})

    outreach().update_lead(lead_id, change, actor=actor())
    return _show(lead_id)


@blueprint.delete("/<uuid:lead_id>")
@blueprint.response(200, Lead)
def erase(lead_id: UUID) -> Any:
    """Forget who this was, for good: personal data becomes unreadable in every event; needs a key
    of role admin"""
    outreach().erase_lead(lead_id, actor=actor())
    return _show(lead_id)


@blueprint.post("/<uuid:lead_id>/triggers")
@blueprint.arguments(Trigger)
@blueprint.response(200, Lead)
def add_trigger(data: dict[str, Any], lead_id: UUID) -> Any:
    """Give a lead a trigger"""
    outreach().add_trigger(lead_id, data["trigger"], actor=actor())
    return _show(lead_id)


@blueprint.post("/<uuid:lead_id>/opt-out")
@blueprint.arguments(Evidence, required=False)
@blueprint.response(200, Lead)
def opt_out(data: dict[str, Any], lead_id: UUID) -> Any:
    """Send this person nothing any more"""
    outreach().opt_out(lead_id, data["evidence"], actor=actor())
    return _show(lead_id)


@blueprint.post("/<uuid:lead_id>/opt-in")
@blueprint.arguments(Evidence, required=False)
@blueprint.response(200, Lead)
def opt_in(data: dict[str, Any], lead_id: UUID) -> Any:
    """The person wants messages again"""
    outreach().opt_in(lead_id, data["evidence"], actor=actor())
    return _show(lead_id)


@blueprint.post("/import")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "description": "CSV in UTF-8 with a header; only the column phone is required",
    }
)
@blueprint.response(200, ImportSummary)
def import_csv() -> Any:
    """Import leads: good rows land, bad rows are reported, importing twice changes nothing"""
    if request.mimetype not in ("text/csv", "application/csv", "application/octet-stream"):
        abort(415, message="expected Content-Type: text/csv")
    return import_leads(
        container().database,
        outreach(),
        uploads.upload().path,
        region=container().settings.default_region,
        actor=actor(),
    )

"""/leads: people, their triggers, their opt-outs, and the import of many."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from flask import Response, current_app, g, request
from flask_smorest import abort

from api.http import csv_answers, uploads
from api.http.blueprints import Blueprint
from api.http.context import (
    actor,
    check_device,
    container,
    gateways_in_service,
    looked_up,
    now,
    outreach,
    page,
    resource,
    resource_of,
)
from api.schemas import serializers
from api.schemas.content import WrittenMessage
from api.schemas.fields import page_of
from api.schemas.leads import (
    ChangedLead,
    ErasedLead,
    Evidence,
    ImportQuery,
    ImportSummary,
    Lead,
    LeadPatch,
    LeadQuery,
    Merge,
    NewLead,
    Trigger,
)
from api.schemas.messages import Message
from api.schemas.person_export import PersonExport, shown
from domain import content_check, lead, phones
from domain.content import Content
from projections.audit.person_export import person_export
from projections.intake.lead_import import Imported, Options, import_leads
from projections.intake.rejected_rows import RejectedRows
from projections.queries import waiting

blueprint = Blueprint("leads", __name__, url_prefix="/api/v1/leads")


def _show(lead_id: UUID) -> Any:
    return resource("lead", lead_id, serializers.lead)


@blueprint.post("", needs="operator")
@blueprint.arguments(NewLead)
@blueprint.response(201, Lead)
@blueprint.alt_response(
    409,
    description="the phone is known: errors.id is the lead's; or the person was erased, and there"
    " is no renewed_consent: errors.state is erased",
)
def register(data: dict[str, Any]) -> Any:
    """Register a lead"""
    phone = phones.parse(data.pop("phone"), container().settings.default_region)
    triggers = data.pop("triggers", [])
    consent = data.pop("renewed_consent", None)
    check_device(data.get("device_id"))
    profile = lead.profile(**data)
    registered = outreach().register_lead(
        phone, triggers, profile, renewed_consent=consent, actor=actor()
    )
    return _show(registered.id)


@blueprint.get("", needs="viewer")
@blueprint.arguments(LeadQuery, location="query")
@blueprint.response(200, page_of(Lead))
def index(query: dict[str, Any]) -> Any:
    """List leads"""
    return page("lead", looked_up(query), serializers.lead)


@blueprint.get("/<uuid:lead_id>", needs="viewer")
@blueprint.response(200, Lead)
def show(lead_id: UUID) -> Any:
    """Show a lead"""
    return _show(lead_id)


@blueprint.get("/<uuid:lead_id>/export", needs="operator")
@blueprint.response(200, PersonExport)
def export(lead_id: UUID) -> Any:
    """All that is known of a person, for the person; needs a key of role operator"""
    return shown(person_export(outreach(), container().database, lead_id))


@blueprint.patch("/<uuid:lead_id>", needs="operator")
@blueprint.arguments(LeadPatch, required=False)
@blueprint.response(200, ChangedLead)
@blueprint.alt_response(
    409,
    description="the phone is another lead's: errors.id is that one's; or that of a person who was"
    " erased: errors.state is erased",
)
def update(data: dict[str, Any], lead_id: UUID) -> Any:
    """Change what is said of a lead, and its phone; what is not given stays"""
    check_device(data.get("device_id"))
    evidence = data.pop("evidence", "corrected by an operator")
    if "phone" in data:
        phone = phones.parse(data.pop("phone"), container().settings.default_region)
        outreach().change_phone(lead_id, phone, evidence, actor=actor())

    def change(profile: lead.Profile) -> lead.Profile:
        return lead.profile(**{**msgspec.structs.asdict(profile), **data})

    moved = outreach().update_lead(lead_id, change, actor=actor()).moved
    return {**_show(lead_id), "moved": moved}


@blueprint.delete("/<uuid:lead_id>", needs="admin")
@blueprint.response(200, ErasedLead)
def erase(lead_id: UUID) -> Any:
    """Forget who this was, for good: personal data becomes unreadable in every event; needs a key
    of role admin"""
    unreadable = outreach().erase_lead(lead_id, actor=actor()).unreadable
    return {**_show(lead_id), "unreadable_events": unreadable}


@blueprint.post("/<uuid:lead_id>/triggers", needs="operator")
@blueprint.arguments(Trigger)
@blueprint.response(200, Lead)
def add_trigger(data: dict[str, Any], lead_id: UUID) -> Any:
    """Give a lead a trigger"""
    outreach().add_trigger(lead_id, data["trigger"], actor=actor())
    return _show(lead_id)


# A trigger may begin with a slash, or have two: none of them is a detour.
@blueprint.delete("/<uuid:lead_id>/triggers/<path:trigger>", needs="operator", merge_slashes=False)
@blueprint.response(200, Lead)
def remove_trigger(lead_id: UUID, trigger: str) -> Any:
    """Take a trigger, in any case, from a lead; what it began goes on"""
    outreach().remove_trigger(lead_id, trigger, actor=actor())
    return _show(lead_id)


@blueprint.post("/<uuid:lead_id>/opt-out", needs="operator")
@blueprint.arguments(Evidence, required=False)
@blueprint.response(200, Lead)
def opt_out(data: dict[str, Any], lead_id: UUID) -> Any:
    """Send this person nothing any more"""
    outreach().opt_out(lead_id, data["evidence"], actor=actor())
    return _show(lead_id)


@blueprint.post("/<uuid:lead_id>/opt-in", needs="operator")
@blueprint.arguments(Evidence, required=False)
@blueprint.response(200, Lead)
def opt_in(data: dict[str, Any], lead_id: UUID) -> Any:
    """The person wants messages again"""
    outreach().opt_in(lead_id, data["evidence"], actor=actor())
    return _show(lead_id)


@blueprint.post("/<uuid:lead_id>/messages", needs="operator")
@blueprint.arguments(WrittenMessage)
@blueprint.response(201, Message)
@blueprint.alt_response(
    409,
    description="errors.state says why nobody may write to the person: opted_out, unreachable,"
    " erased, merged into another lead; or that there is no device that could: no_device",
)
def write(data: dict[str, Any], lead_id: UUID) -> Any:
    """Write to this one person, outside campaigns and sequences"""
    device_id = data.pop("device_id", None)
    written = Content(**data)
    content_check.check_length("body", written, gateways_in_service())
    message_id = outreach().write_to_lead(lead_id, written, device_id, actor=actor())

    def shown(connection: Any, rows: list[Any]) -> list[dict[str, Any]]:
        waits = waiting.of_rows(connection, container().settings, rows, now())
        return [serializers.message(row, waits.get(row.message_id)) for row in rows]

    return resource_of("message", message_id, shown)


@blueprint.post("/<uuid:lead_id>/merge", needs="operator")
@blueprint.arguments(Merge)
@blueprint.response(200, Lead)
def merge(data: dict[str, Any], lead_id: UUID) -> Any:
    """These two leads are one person: this one goes on for both, and is opted out if one was"""
    outreach().merge_leads(lead_id, data["lead_id"], actor=actor())
    return _show(lead_id)


_TEXT = {"schema": {"type": "string"}}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}
FORM = "multipart/form-data"
# What is in a file is said by the file.
FILES = {
    "text/csv": _TEXT,
    "application/csv": _TEXT,
    "application/json": _TEXT,
    "application/octet-stream": _BINARY,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _BINARY,
}


def _is_table(content_type: str) -> bool:
    return content_type != "application/json"


@blueprint.post("/import", needs="operator")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {**FILES, FORM: _FORM},
        "description": "CSV with any delimiter, or XLSX, with a header; only a phone is required."
        " JSON, where ``from`` says whose export it is",
    }
)
@blueprint.arguments(ImportQuery, location="query")
@blueprint.response(200, ImportSummary)
@blueprint.alt_response(
    200,
    schema={"type": "string"},
    content_type=csv_answers.CSV,
    description="OK; as CSV the rows that were rejected, all of them, each with its line and why:"
    " mended, it can be imported. The counts are headers, such as X-Rejected",
)
def import_csv(query: dict[str, Any]) -> Any:
    """Import leads: good rows land, bad rows are reported, importing twice changes nothing"""
    # What is JSON is somebody's export, or was sent by mistake.
    types = [*FILES, FORM] if query["program"] else [*filter(_is_table, FILES), FORM]
    if request.mimetype not in types:
        abort(415, message=f"expected Content-Type: one of {', '.join(types)}")
    path = uploads.form_file("file") if request.mimetype == FORM else uploads.upload().path
    add_triggers = query.pop("add_triggers")
    options = Options(
        region=query.pop("country", None) or container().settings.default_region,
        map_=tuple(query.pop("map_")),
        add_triggers=tuple(add_triggers.split(",")) if add_triggers else (),
        **query,
    )
    if csv_answers.is_wanted():
        return _rejected_rows(path, options)
    return import_leads(container().database, outreach(), path, options, actor=actor())


def _rejected_rows(path: Path, options: Options) -> Response:
    """Imports the file, and answers with the rows that were rejected. They are people's, so what is
    stored for an idempotency key is the summary, without them."""
    rejected = uploads.beside("rejected.csv")
    with rejected.open("w", encoding="utf-8", newline="") as out:
        found = import_leads(
            container().database,
            outreach(),
            path,
            options,
            actor=actor(),
            rejected=RejectedRows(out),
        )
    g.to_store = current_app.json.dumps(ImportSummary().dump(found)).encode()
    return _with_counts(uploads.streamed(rejected, csv_answers.CSV), found)


def _with_counts(response: Response, found: Imported) -> Response:
    for name, count in found.counts().items():
        response.headers[f"X-{name.title().replace(' ', '-')}"] = str(count)
    response.headers["Content-Disposition"] = 'attachment; filename="rejected.csv"'
    response.vary.add("Accept")
    return response

"""Rows of the read models, and states of aggregates, as the JSON of the API.

A function takes a row of ``queries.pages``; where its name ends with ``_state``, a state that was
folded from events; ``device_report`` takes what it is called after. It gives what the resource's
schema dumps.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import asdict

from api.schemas import consents
from api.schemas.plan_serializers import campaign as campaign
from api.schemas.plan_serializers import sequence as sequence
from domain.lead import Consent, Lead
from domain.message import Message
from domain.segments import Predicate
from domain.template import Approved
from projections.queries.reports import DeviceReport
from projections.queries.waiting import Explained


def approved(template: Approved) -> dict[str, Any]:
    """A template as its provider has it."""
    asked = template.asked
    header = asked.header and {"kind": asked.header, "variables": asked.header_names}
    return {
        "name": template.name,
        "language": template.language,
        "status": template.status,
        "category": template.category,
        "variables": {"header": header, "body": asked.body, "buttons": asked.buttons},
    }


def lead(row: Any) -> dict[str, Any]:
    return {
        "id": row.lead_id,
        "phone": row.phone,
        "name": row.name,
        "niche": row.niche,
        "target_status": row.target_status,
        "triggers": row.triggers,
        "device_id": row.device_id,
        "timezone": row.timezone,
        "attributes": row.attributes,
        "opted_out": row.opted_out_at is not None,
        "opted_out_at": row.opted_out_at,
        "opt_out": _opt_out(row),
        "unreachable": row.unreachable_at is not None,
        "unreachable_at": row.unreachable_at,
        "unreachable_code": row.unreachable_code,
        "merged_into": row.merged_into,
        "addresses": [
            {**address, "learned_at": datetime.fromisoformat(address["learned_at"])}
            for address in row.addresses
        ],
        "same_person_as": row.same_person_as,
        "consents": consents.of_lead(row.consents),
        "replied_at": row.replied_at,
        "registered_at": row.registered_at,
        "erased_at": row.erased_at,
        "version": row.version,
    }


def lead_state(state: Lead, agreed: list[Consent]) -> dict[str, Any]:
    """The same fields as ``lead`` gives for a row; of what was ``agreed`` what is in force."""
    return {
        "id": state.id,
        "phone": state.phone or None,
        **asdict(state.profile),
        "triggers": state.triggers,
        "opted_out": state.opted_out_at is not None,
        "opted_out_at": state.opted_out_at,
        "opt_out": _opt_out(state),
        "unreachable": state.unreachable_at is not None,
        "unreachable_at": state.unreachable_at,
        "unreachable_code": state.unreachable_code,
        "merged_into": state.merged_into,
        "consents": [each for each in agreed if each.in_force],
        "replied_at": state.replied_at,
        "registered_at": state.registered_at,
        "erased_at": state.erased_at,
        "version": state.version,
    }


def _opt_out(lead: Any) -> dict[str, Any] | None:
    if lead.opted_out_at is None:
        return None
    # An erased lead opted out by that alone.
    via = lead.opt_out_via or "operator"
    return {"evidence": lead.opt_out_evidence, "via": via, "at": lead.opted_out_at}


def reply(row: Any, *, masked: bool = False) -> dict[str, Any]:
    """``masked``: who is nobody's lead is not named."""
    names = ("lead_id", "device_id", "gateway", "text", "kind", "automatic", "may_be", "message_id")
    sender = None
    if row.from_kind is not None:
        value = _masked(row.from_value) if masked and row.lead_id is None else row.from_value
        sender = {"kind": row.from_kind, "value": value}
    return {
        "id": row.reply_id,
        **{name: getattr(row, name) for name in names},
        "sender": sender,
        "sent_at": row.sent_at,
        "received_at": row.received_at,
    }


def _masked(value: str) -> str:
    return f"{'*' * max(0, len(value) - 3)}{value[-3:]}"


def suppression(row: Any, *, masked: bool) -> dict[str, Any]:
    return {
        "id": row.suppression_id,
        "kind": row.kind,
        "value": _masked(row.value) if masked else row.value,
        "evidence": row.evidence,
        "device_id": row.device_id,
        "for_device_only": bool(row.scope),
        "created_at": row.created_at,
    }


def enrollment(row: Any) -> dict[str, Any]:
    names = (
        "lead_id",
        "phone",
        "name",
        "sequence_id",
        "status",
        "reason",
        "entry",
        "trigger",
        "step",
        "steps",
        "enrolled_at",
        "ended_at",
        "version",
    )
    return {"id": row.enrollment_id, **{name: getattr(row, name) for name in names}}


def conditions(predicate: Predicate) -> dict[str, list[dict[str, Any]]]:
    """The conditions of a segment, by what has to be true of them."""
    return {
        clause: [asdict(condition) for condition in conditions]
        for clause, conditions in predicate.clauses()
    }


def segment(row: Any) -> dict[str, Any]:
    return {
        "id": row.segment_id,
        **row.predicate,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def device(row: Any) -> dict[str, Any]:
    names = (
        "name",
        "gateway",
        "settings",
        "min_delay_seconds",
        "max_delay_seconds",
        "daily_limit",
        "timezone",
        "status",
        "reason",
        "offline_since",
        "address",
        "has_credentials",
        "version",
    )
    warm_up = row.warm_up and {**row.warm_up, "from_": row.warm_up["from"]}
    fields = {name: getattr(row, name) for name in names}
    return {"id": row.device_id, **fields, "warm_up": warm_up}


def message(row: Any, waits: Explained | None) -> dict[str, Any]:
    names = [name for name in Message.__struct_fields__ if name != "id"]
    return {
        "id": row.message_id,
        "message_id": row.message_id,
        "recipient_phone": row.recipient_phone,
        "recipient_name": row.recipient_name,
        "due_at": row.due_at,
        "waits_for": waits_for(waits),
        **{name: getattr(row, name) for name in names},
    }


def waits_for(waits: Explained | None) -> dict[str, Any] | None:
    """None of a message that is not pending."""
    return None if waits is None else waits.wait._asdict()


def message_state(state: Message, waits: Explained | None) -> dict[str, Any]:
    """The fields of ``message`` that need neither its lead nor its row in the queue."""
    return {"message_id": state.id, "waits_for": waits_for(waits), **asdict(state)}


def device_report(report: DeviceReport) -> dict[str, Any]:
    """``days`` as objects with named counts."""
    names = ("day", "claimed", "sent", "failed", "unknown")
    return {
        "device_id": report.device_id,
        "name": report.name,
        "status": report.status,
        "days": [dict(zip(names, day, strict=True)) for day in report.days],
    }

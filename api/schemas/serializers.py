"""Rows of the read models, and states of aggregates, as the JSON of the API.

A function takes a row of ``queries.pages``; where its name ends with ``_state``, a state that was
folded from events; ``device_report`` takes a report. It gives what the resource's schema dumps."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from domain.lead import Lead
from domain.message import Message
from projections.queries.reports import DeviceReport


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
        "replied_at": row.replied_at,
        "registered_at": row.registered_at,
        "erased_at": row.erased_at,
        "version": row.version,
    }


def lead_state(state: Lead) -> dict[str, Any]:
    """The same fields as ``lead`` gives for a row."""
    return {
        "id": state.id,
        "phone": state.phone or None,
        **asdict(state.profile),
        "triggers": state.triggers,
        "opted_out": state.opted_out_at is not None,
        "opted_out_at": state.opted_out_at,
        "replied_at": state.replied_at,
        "registered_at": state.registered_at,
        "erased_at": state.erased_at,
        "version": state.version,
    }


def sequence(row: Any) -> dict[str, Any]:
    steps = [
        {**step, "number": number} for number, step in enumerate(row.definition["steps"], start=1)
    ]
    return {
        **row.definition,
        "steps": steps,
        "id": row.sequence_id,
        "status": row.status,
        "version": row.version,
    }


def campaign(row: Any) -> dict[str, Any]:
    return {
        **row.definition,
        "scheduled_at": row.scheduled_at.isoformat(),
        "id": row.campaign_id,
        "status": row.status,
        "triggered_at": row.triggered_at,
        "audience": row.scheduled,
        "excluded": row.excluded,
        "version": row.version,
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
        "has_credentials",
        "version",
    )
    return {"id": row.device_id, **{name: getattr(row, name) for name in names}}


def message(row: Any) -> dict[str, Any]:
    names = [name for name in Message.__struct_fields__ if name != "id"]
    return {
        "id": row.message_id,
        "message_id": row.message_id,
        "recipient_phone": row.recipient_phone,
        "due_at": row.due_at,
        **{name: getattr(row, name) for name in names},
    }


def message_state(state: Message) -> dict[str, Any]:
    """The fields of ``message`` that need no other table."""
    return {"message_id": state.id, **asdict(state)}


def device_report(report: DeviceReport) -> dict[str, Any]:
    """``days`` as objects with named counts."""
    names = ("day", "claimed", "sent", "failed", "unknown")
    return {
        "device_id": report.device_id,
        "name": report.name,
        "status": report.status,
        "days": [dict(zip(names, day, strict=True)) for day in report.days],
    }

"""Campaigns and sequences as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.windows import Window


def _proposal(by: str, change: dict[str, Any]) -> dict[str, Any]:
    definition = change.get("definition")
    if definition is not None:
        definition = {name: value for name, value in definition.items() if name != "steps"}
    return {
        "number": None,
        "step": None,
        "before": None,
        **change,
        "definition": definition,
        "by": by,
    }


def sequence(row: Any) -> dict[str, Any]:
    steps = [
        {"branches": [], **step, "number": int(step["content_id"].rpartition(":")[2])}
        for step in row.definition["steps"]
    ]
    return {
        "requires_consent": None,
        **row.definition,
        "windows": _windows(row.definition),
        "device_ids": _pool(row.definition),
        "segment_id": row.definition.get("segment_id"),
        "segment": row.definition.get("segment"),
        "steps": steps,
        "made_by": row.made_by,
        "changed_by": row.changed_by,
        "approved_by": row.approved_by,
        "proposals": [_proposal(by, change) for by, change in row.proposals],
        "id": row.sequence_id,
        "status": row.status,
        "version": row.version,
    }


def _windows(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """Earlier versions stored none of campaigns, and names of weekdays."""
    stored = msgspec.convert(definition.get("windows", []), list[Window])
    return [
        {"weekdays": sorted(window.days), "start": window.start, "end": window.end}
        for window in stored
    ]


def _pool(definition: dict[str, Any]) -> list[UUID]:
    """Earlier versions stored none."""
    return [UUID(device_id) for device_id in definition.get("device_ids", [])]


def _dated(stored: dict[str, Any] | None) -> dict[str, Any] | None:
    return stored and {**stored, "at": datetime.fromisoformat(stored["at"])}


def campaign(row: Any) -> dict[str, Any]:
    local_time = row.definition.get("local_time")
    return {
        "requires_consent": None,
        **row.definition,
        "windows": _windows(row.definition),
        "device_ids": _pool(row.definition),
        "segment_id": row.definition.get("segment_id"),
        "segment": row.segment
        or (row.approved or {}).get("segment")
        or row.definition.get("segment"),
        "timezone": "recipient" if local_time else row.definition.get("timezone"),
        "local_time": local_time,
        "scheduled_at": None if row.scheduled_at is None else row.scheduled_at.isoformat(),
        "undo_seconds": row.definition.get("undo_seconds", 0.0),
        "undo_until": row.undo_until,
        "variants": row.definition.get("variants", []),
        "hold_out": row.definition.get("hold_out", 0.0),
        "brake": row.definition.get("brake"),
        "braked": _dated(row.braked),
        "awaits_approval": row.awaits_approval,
        "approved": _dated(row.approved),
        "made_by": row.made_by,
        "changed_by": row.changed_by,
        "id": row.campaign_id,
        "status": row.status,
        "triggered_at": row.triggered_at,
        "audience": row.scheduled,
        "excluded": row.excluded,
        "version": row.version,
    }

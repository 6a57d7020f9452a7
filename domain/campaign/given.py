"""The fields of a definition from what people give: times with the name of a zone, and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from domain import values
from domain.campaign.definition import BRAKE, Definition, earliest
from domain.errors import InvalidInputError

# The time zone of a campaign that everybody gets at the same time of the own clock.
RECIPIENT = "recipient"
# What nobody gives: it follows from the rest.
_DERIVED = frozenset({"content_id", "local_time", "rules", "segment"})


def times(data: Mapping[str, Any], present: Definition | None = None) -> dict[str, Any]:
    """The fields of ``Definition`` that say when it is, from ``data`` and, for what is not given,
    from the ``present`` definition. A local time of recipients is no zone; it stays one where
    another time is given alone, and is that time in another zone where one is given alone. A
    ``scheduled_at`` of None clears the time."""
    own = None if present is None else present.timezone
    local = None if present is None else present.local_time
    if data.get("scheduled_at", "") is None and data.get("timezone") != RECIPIENT:
        return {"timezone": data.get("timezone", own), "local_time": None, "scheduled_at": None}
    zone = data.get("timezone", RECIPIENT if local else own)
    if zone == RECIPIENT and not data.keys() & {"timezone", "scheduled_at"}:
        return {}
    if present is None and "scheduled_at" not in data and zone != RECIPIENT:
        return {"timezone": zone}
    if zone == RECIPIENT:
        at = values.parse_local(data.get("scheduled_at", local) or "", "scheduled_at")
        values.in_the_calendar("scheduled_at", at)
        local = at.isoformat(timespec="minutes")
        return {"timezone": None, "local_time": local, "scheduled_at": earliest(at)}
    said = data.get("scheduled_at", local if "timezone" in data else None)
    if said is None:
        return {"timezone": zone}
    found = values.parse_instant(said, "scheduled_at", zone)
    return {"timezone": zone, "local_time": None, "scheduled_at": found}


def definition(data: dict[str, Any], undo_seconds: float) -> Definition:
    """The definition that JSON of the form of ``POST /campaigns`` asks for, with the installation's
    ``undo_seconds`` where it has none. Raises InvalidInputError."""
    known = set(Definition.__struct_fields__) - _DERIVED
    if unknown := data.keys() - known - {"draft"}:
        raise InvalidInputError(min(unknown), f"one of {', '.join(sorted(known))}")
    given = {name: value for name, value in data.items() if name != "draft"}
    for variant in given.get("variants", [])[:1]:
        given.setdefault("body", variant.get("body"))
    if "min_delay_seconds" in given:
        given.setdefault("max_delay_seconds", given["min_delay_seconds"])
    fields = {"undo_seconds": undo_seconds, "brake": msgspec.structs.asdict(BRAKE), **given}
    try:
        return msgspec.convert({"content_id": "", **fields, **times(given)}, Definition)
    except msgspec.ValidationError as error:
        raise InvalidInputError("campaign", f"as in POST /campaigns: {error}") from None

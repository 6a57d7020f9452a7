"""Ids that there are, and values that the domain takes, in the place of most of those that were
made up."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID
from zlib import crc32

# Fields that have an id by another name than the parameters of paths.
ALIASES = {
    "originator_id": "lead_id",
    "with": "lead_id",
    "move_to": "device_id",
    "device_ids": "device_id",
}
INSTANTS = (
    "2026-03-01T09:00:00+08:00",
    "2026-03-01T09:00 Asia/Kuala_Lumpur",
    "2030-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-03-29T02:30 Europe/Berlin",
)
# What a schema does not know to be right.
VALUES: Mapping[str, Sequence[str]] = {
    "phone": ("+60120000001", "+60129998877", "+5582999440002", "+442079460000"),
    "value": ("+60120000002", "60120000003", "12345@lid", "MY.1349120865530200006"),
    "timezone": ("Asia/Kuala_Lumpur", "America/New_York", "Pacific/Apia", "UTC"),
    "url": ("https://crm.example/hook", "http://127.0.0.1:9/hook"),
    "trigger": ("COLD", "WARM", "HOT"),
    "next_trigger": ("COLD", "WARM", "HOT"),
    "body": ("Hello {name|there}", "Hi {city}", "\U0001f31e"),
    "start": ("00:00", "09:00", "22:30"),
    "end": ("06:00", "17:00", "24:00"),
    "topic": ("lead.registered", "message.sent"),
    "map": ("phone:phone", "-:city"),
    **dict.fromkeys(("scheduled_at", "as_of", "since", "until"), INSTANTS),
}
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def swap(
    values: dict[str, Any],
    ids: Mapping[str, Sequence[str]],
    *,
    keep: Collection[str],
    right: bool,
) -> None:
    """Changes three in four UUIDs of ``values``, at any depth, to those of ``ids`` that have the
    field's name, but for those to ``keep``. Where all is meant to be ``right``, other texts become
    those of ``VALUES``. What becomes which follows from what was made up."""
    for name, value in values.items():
        there = ids.get(ALIASES.get(name, name), ())
        texts = VALUES.get(name, ()) if right else ()
        if isinstance(value, dict):
            swap(value, ids, keep=keep, right=right)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    swap(each, ids, keep=keep, right=right)
            values[name] = [_swapped(each, there, texts) for each in value]
        elif not isinstance(value, str) or value not in keep:
            values[name] = _swapped(value, there, texts)


def _swapped(value: Any, there: Sequence[str], texts: Sequence[str]) -> Any:
    if not isinstance(value, str):
        return value
    is_id = _UUID.fullmatch(value) is not None
    known = there if is_id else texts
    number = UUID(value).int if is_id else crc32(value.encode("utf-8", "surrogatepass"))
    return known[number // 4 % len(known)] if known and number % 4 != 3 else value

"""What is in quarantine, in pages for people."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.errors import InvalidInputError
from projections.records import quarantine
from projections.records.quarantine import Kind

KINDS: tuple[Kind, ...] = get_args(Kind)

_CURSOR = re.compile(r"([a-z]{1,20})\.([0-9a-f]{32})\.([0-9]{1,18})")


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """Something that ``runner`` put aside for ``reason``.

    ``notification_id`` is that of an event that cannot be read, and None for all else. What
    ``waits_to_be_recorded`` is a dispatch that the log has lost; it is recorded by itself.
    """

    kind: Kind
    id: UUID
    notification_id: int | None
    runner: str
    reason: str
    since: datetime
    waits_to_be_recorded: bool


def page(
    connection: Connection, *, limit: int, cursor: str | None = None, kind: Kind | None = None
) -> tuple[list[Quarantined], str | None]:
    """Up to ``limit`` things after ``cursor``, in the order of kind, id and event, and the cursor
    of the next page; None at the end. ``kind`` asks for things of that kind alone.

    Raises InvalidInputError for a bad cursor.
    """
    after = _decode(cursor, kind) if cursor is not None else None
    if after is None and kind is not None:
        # Before the first of that kind.
        after = (kind, str(UUID(int=0)), -1)
    found = [
        row
        for row in quarantine.page(connection, limit + 1, after)
        if kind is None or row.kind == kind
    ]
    next_cursor = _encode(found[limit - 1]) if len(found) > limit else None
    return [_quarantined(row) for row in found[:limit]], next_cursor


def _quarantined(row: Any) -> Quarantined:
    return Quarantined(
        kind=row.kind,
        id=row.id,
        notification_id=row.notification_id or None,
        runner=row.runner,
        reason=row.reason,
        since=row.since,
        waits_to_be_recorded=row.lost,
    )


def _encode(row: Any) -> str:
    return f"{row.kind}.{row.id.hex}.{row.notification_id}"


def _decode(cursor: str, kind: Kind | None) -> tuple[str, str, int]:
    found = _CURSOR.fullmatch(cursor)
    if found is None or (kind is not None and found[1] != kind):
        raise InvalidInputError("cursor", "the next_cursor of an earlier answer")
    return found[1], str(UUID(found[2])), int(found[3])

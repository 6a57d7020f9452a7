"""Counts that change with the messages: per campaign and step, reason, device and day, enrollment.

Reports and completion read these and never scan messages. One batch writes each row at most once,
in id order, so that no two batches can wait for each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from projections.database.prepared import Prepared, execute, prepared
from projections.schema.counters import DAY_COUNTS, MESSAGE_COUNTS, SERIES

OPEN = frozenset({"pending", "processing", "queued"})
REASONED = frozenset({"failed", "cancelled", "unknown"})


class Moved(NamedTuple):
    """``messages`` of one owner, step and device went from one status to another.

    ``was`` is None for new ones; ``day`` is the day of their slot where they had one;
    ``enrollments`` are those of the messages. ``at`` is the quarter of an hour in which they were
    sent or failed, if they did.
    """

    owner_id: UUID
    step: int
    device_id: UUID
    day: date | None
    was: str | None
    now: str
    was_reason: str | None
    now_reason: str | None
    messages: int
    enrollments: list[UUID | None]
    at: datetime | None


class Tally:
    """What a batch of events adds to the counts."""

    def __init__(self) -> None:
        self.messages: dict[tuple[UUID, int], dict[str, int]] = defaultdict(
            lambda: dict.fromkeys(MESSAGE_COUNTS, 0)
        )
        self.reasons: dict[tuple[UUID, int, str, str], int] = defaultdict(int)
        self.days: dict[tuple[UUID, date], dict[str, int]] = defaultdict(
            lambda: dict.fromkeys(DAY_COUNTS, 0)
        )
        self.open: dict[UUID, int] = defaultdict(int)
        self.series: dict[tuple[UUID, datetime], dict[str, int]] = defaultdict(
            lambda: dict.fromkeys(SERIES, 0)
        )

    def moved(self, rows: Sequence[Any]) -> int:
        """``rows`` have the fields of Moved, in its order. Returns how many messages they are."""
        messages = 0
        for row in map(Moved._make, rows):
            messages += row.messages
            counts = self.messages[row.owner_id, row.step]
            counts[row.now] += row.messages
            if row.now in REASONED:
                self.reasons[row.owner_id, row.step, row.now, row.now_reason or ""] += row.messages
            if row.was is not None:
                counts[row.was] -= row.messages
                if row.was in REASONED:
                    key = (row.owner_id, row.step, row.was, row.was_reason or "")
                    self.reasons[key] -= row.messages
                self._open(row)
            if row.day is not None:
                self._day(row, row.day)
            if row.at is not None:
                self.series[row.owner_id, row.at][row.now] += row.messages
        return messages

    def marked(self, mark: str, rows: Sequence[Any]) -> int:
        """``rows`` are (owner id, step, quarter of an hour, count) of messages delivered, read,
        replied to or answered with an opt-out; without a step of what is about no message. Returns
        how many they are."""
        messages = 0
        for owner_id, step, at, count in rows:
            if step is not None:
                self.messages[owner_id, step][mark] += count
            self.series[owner_id, at][mark] += count
            messages += count
        return messages

    def used(self, rows: Sequence[Any]) -> int:
        """``rows`` are (device id, day, claimed, sent, failed, unknown) of tests; the day is None
        where nothing is counted. Returns how many there are."""
        for device_id, day, *counts in rows:
            if day is not None:
                of_day = self.days[device_id, day]
                for name, count in zip(DAY_COUNTS, counts, strict=True):
                    of_day[name] += count
        return len(rows)

    def _open(self, row: Moved) -> None:
        change = (row.now in OPEN) - (row.was in OPEN)
        if change:
            for enrollment_id in row.enrollments:
                if enrollment_id is not None:
                    self.open[enrollment_id] += change

    def _day(self, row: Moved, day: date) -> None:
        counts = self.days[row.device_id, day]
        if row.was == "pending" and row.now in ("processing", "queued"):
            counts["claimed"] += row.messages
        elif row.was in ("processing", "queued") and row.now in ("pending", "cancelled"):
            counts["claimed"] -= row.messages
        if row.now in ("sent", "failed", "unknown"):
            counts[row.now] += row.messages
        if row.was in ("sent", "failed", "unknown"):
            counts[row.was] -= row.messages

    def write(self, connection: Connection) -> None:
        """Adds it all up in the tables, each in id order.

        Rows that add nothing are written too: which rows there are must not depend on how the
        events fell into batches, or a rebuild would not be identical.
        """
        messages = [
            {"owner_id": owner, "step": step, **counts}
            for (owner, step), counts in sorted(self.messages.items())
        ]
        reasons = [
            {"owner_id": owner, "step": step, "status": status, "reason": reason, "count": count}
            for (owner, step, status, reason), count in sorted(self.reasons.items())
        ]
        days = [
            {"device_id": device, "day": day, **counts}
            for (device, day), counts in sorted(self.days.items())
        ]
        series = [
            {"owner_id": owner, "at": at, **counts}
            for (owner, at), counts in sorted(self.series.items())
        ]
        progress = [
            {"enrollment_id": enrollment, "open": change}
            for enrollment, change in sorted(self.open.items())
            if change
        ]
        for statement, rows in (
            (_ADD_MESSAGES, messages),
            (_ADD_REASONS, reasons),
            (_ADD_DAYS, days),
            (_ADD_SERIES, series),
            (_ADD_PROGRESS, progress),
        ):
            if rows:
                execute(connection, statement, rows=msgspec.json.encode(rows).decode())


def marked_by_leads(mark: str) -> Callable[[Tally, Sequence[Any]], int]:
    """What takes in the rows of a statement that changes leads: the first counts the leads, the
    others are those of ``Tally.marked`` that get the ``mark`` by it."""

    def counted(tally: Tally, rows: Sequence[Any]) -> int:
        (_, _, _, leads), *messages = rows
        tally.marked(mark, messages)
        return int(leads)

    return counted


def _upsert(table: str, key: Sequence[str], columns: Sequence[str], types: str) -> Prepared:
    names = ", ".join((*key, *columns))
    added = ", ".join(f"{c} = t.{c} + excluded.{c}" for c in columns)
    return prepared(
        f"INSERT INTO {table} AS t ({names}) SELECT {names}"
        f" FROM json_to_recordset(%(rows)s) AS r({types}) ORDER BY {', '.join(key)}"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added}"
    )


_ADD_MESSAGES = _upsert(
    "message_counts",
    ("owner_id", "step"),
    MESSAGE_COUNTS,
    "owner_id uuid, step int, " + ", ".join(f"{c} int" for c in MESSAGE_COUNTS),
)
_ADD_REASONS = _upsert(
    "reason_counts",
    ("owner_id", "step", "status", "reason"),
    ("count",),
    "owner_id uuid, step int, status text, reason text, count int",
)
_ADD_DAYS = _upsert(
    "device_days",
    ("device_id", "day"),
    DAY_COUNTS,
    "device_id uuid, day date, " + ", ".join(f"{c} int" for c in DAY_COUNTS),
)
_ADD_SERIES = _upsert(
    "series_counts",
    ("owner_id", "at"),
    SERIES,
    "owner_id uuid, at timestamptz, " + ", ".join(f"{c} int" for c in SERIES),
)
# Only of active enrollments: the row of one that has ended is gone and stays gone.
_ADD_PROGRESS = prepared("""
UPDATE enrollment_progress p SET open = p.open + r.open
FROM json_to_recordset(%(rows)s) AS r(enrollment_id uuid, open int)
WHERE p.enrollment_id = r.enrollment_id
""")

"""What is known of a span that is over: who had a trigger, what they were in, and what a sequence
did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import values
from domain.event import Event
from domain.lead.events import LeadReplied
from domain.segment_matching import History
from projections.database.engine import rows, uuids
from projections.what_if.snapshot import Snapshot

# The triggers that leads ever got: they are no personal data, and are not encrypted.
_TRIGGERED = """
SELECT originator_id, e.state -> 'triggers' AS triggers, e.state ->> 'trigger' AS trigger
FROM (SELECT originator_id, convert_from(state, 'UTF8')::json AS state FROM stored_events
      WHERE topic IN ('lead.registered', 'lead.triggered')) e
"""
_ENROLLMENTS = """
SELECT lead_id, ended_at, reason FROM enrollments
WHERE lead_id = ANY(%(ids)s::uuid[]) AND sequence_id = %(sequence)s AND enrolled_at < %(since)s
"""
_SENT = """
SELECT lead_id, campaign_id, sent_at FROM broadcast_messages
WHERE lead_id = ANY(%(ids)s::uuid[]) AND status = 'sent' AND sent_at IS NOT NULL
"""
_UNDER_WAY = """
SELECT lead_id, sequence_id, enrolled_at, ended_at FROM enrollments
WHERE lead_id = ANY(%(ids)s::uuid[])
"""
_ENROLLED = """
SELECT count(*) AS enrolled FROM enrollments
WHERE sequence_id = %(sequence)s AND enrolled_at >= %(since)s AND enrolled_at < %(until)s
"""
_DAYS = """
SELECT (m.sent_at AT TIME ZONE %(zone)s)::date::text AS day, m.device_id::text AS device, m.step,
    count(*) AS sent
FROM broadcast_messages m
WHERE m.sequence_id = %(sequence)s AND m.sent_at >= %(since)s AND m.sent_at < %(until)s
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


def triggered(seen: Snapshot, trigger: str) -> list[UUID]:
    """The leads that ever got the trigger and were not erased, in their order."""
    found = {
        row.originator_id
        for row in rows(seen.connection, _TRIGGERED)
        if values.matching(trigger, row.triggers or [row.trigger or ""]) is not None
    }
    living = rows(
        seen.connection,
        "SELECT lead_id FROM leads WHERE lead_id = ANY(%(ids)s::uuid[]) AND erased_at IS NULL"
        " ORDER BY lead_id",
        ids=uuids(found),
    )
    return [row.lead_id for row in living]


def enrollments(
    seen: Snapshot, people: Sequence[UUID], sequence_id: UUID, since: datetime
) -> dict[UUID, list[tuple[datetime | None, str | None]]]:
    """By lead, when its enrollments in the sequence from before ``since`` ended, and why."""
    found: dict[UUID, list[tuple[datetime | None, str | None]]] = {}
    for row in rows(
        seen.connection, _ENROLLMENTS, ids=uuids(people), sequence=str(sequence_id), since=since
    ):
        found.setdefault(row.lead_id, []).append((row.ended_at, row.reason))
    return found


def histories(
    seen: Snapshot, people: Sequence[UUID], streams: Mapping[UUID, Sequence[Event]]
) -> Callable[[UUID, datetime], History]:
    """What gives the history of one of these people, who have the events ``streams``, at an
    instant."""
    sent: dict[UUID, list[Any]] = {}
    under_way: dict[UUID, list[Any]] = {}
    if people:
        for row in rows(seen.connection, _SENT, ids=uuids(people)):
            sent.setdefault(row.lead_id, []).append(row)
        for row in rows(seen.connection, _UNDER_WAY, ids=uuids(people)):
            under_way.setdefault(row.lead_id, []).append(row)

    def at(lead_id: UUID, instant: datetime) -> History:
        had = [row for row in sent.get(lead_id, ()) if row.sent_at <= instant]
        replies = [
            event.timestamp
            for event in streams.get(lead_id, ())
            if isinstance(event, LeadReplied) and not event.automatic and event.timestamp <= instant
        ]
        return History(
            campaigns=frozenset(row.campaign_id for row in had if row.campaign_id),
            last_sent_at=max((row.sent_at for row in had), default=None),
            replied_at=max(replies, default=None),
            sequences=frozenset(
                row.sequence_id
                for row in under_way.get(lead_id, ())
                if row.enrolled_at <= instant and (row.ended_at is None or row.ended_at > instant)
            ),
        )

    return at


def happened(
    seen: Snapshot, sequence_id: UUID, since: datetime, until: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """What the sequence did in the span: how many leads it ``enrolled``, how many messages were
    ``sent``, by step in ``steps``, and ``per_day`` as an answer has it."""
    asked = {"sequence": str(sequence_id), "since": since, "until": until}
    (count,) = rows(seen.connection, _ENROLLED, **asked)
    steps: dict[str, int] = {}
    days: dict[str, dict[str, int]] = {}
    for row in rows(seen.connection, _DAYS, zone=zone.key, **asked):
        day = days.setdefault(row.day, {"total": 0})
        day[row.device] = day.get(row.device, 0) + row.sent
        day["total"] += row.sent
        steps[str(row.step)] = steps.get(str(row.step), 0) + row.sent
    total = sum(steps.values())
    return {"enrolled": count.enrolled, "sent": total, "steps": steps, "per_day": days}

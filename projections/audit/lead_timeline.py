"""All that touched a lead, and how things stood with it at an instant."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain import enrollment, lead, message
from domain.errors import NotFoundError
from domain.event import Event
from domain.message.events import MessageScheduled
from projections.audit import event_log
from projections.audit.event_log import Entry
from projections.database.engine import Database, rows


class LeadTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """A lead, its enrollments and its messages as they were at the instant ``as_of``.

    With ``as_of`` None, as they are now. ``state`` is None before the lead was registered.
    ``consents`` are all that were recorded of the lead.
    ``entries`` are the events up to ``as_of``, in log order. What leads went through that were
    merged into this one is among it.
    """

    lead_id: UUID
    as_of: datetime | None
    state: lead.Lead | None
    consents: list[lead.Consent]
    enrollments: list[enrollment.Enrollment]
    messages: list[message.Message]
    entries: list[Entry]


def lead_timeline(database: Database, lead_id: UUID, as_of: datetime | None = None) -> LeadTimeline:
    """The timeline of a lead up to the instant ``as_of``, aware, or up to now.

    Raises NotFoundError if there is no such lead.
    """
    with database.transaction() as connection:
        related = rows(
            connection,
            "WITH person AS (SELECT lead_id FROM leads"
            " WHERE lead_id = %(id)s OR merged_into = %(id)s)"
            " SELECT lead_id FROM person"
            " UNION ALL SELECT enrollment_id FROM enrollments JOIN person USING (lead_id)"
            " UNION ALL SELECT message_id FROM broadcast_messages JOIN person USING (lead_id)",
            id=str(lead_id),
        )
    log = event_log.history(database, {lead_id, *(row[0] for row in related)})
    if not any(event.originator_id == lead_id for _, event in log):
        raise NotFoundError("lead", lead_id)
    known, streams = _until(log, as_of)
    enrollments, messages = [], []
    for events in streams.values():
        if isinstance(events[0], enrollment.LeadEnrolled):
            enrollments.append(enrollment.fold(None, events))
        elif isinstance(events[0], MessageScheduled):
            messages.append(message.fold(None, events))
    return LeadTimeline(
        lead_id=lead_id,
        as_of=as_of,
        state=lead.fold(None, streams.get(lead_id, ())),
        consents=lead.ledger(streams.get(lead_id, ())),
        enrollments=[state for state in enrollments if state is not None],
        messages=[state for state in messages if state is not None],
        entries=event_log.entries(database, known),
    )


def _until(
    log: list[tuple[int, Event]], as_of: datetime | None
) -> tuple[list[tuple[int, Event]], dict[UUID, list[Event]]]:
    """The events known at ``as_of``: with their notification ids in log order, and by aggregate.

    If the clocks of two machines differ, an event may have an earlier timestamp than the one before
    it in its stream. It is not known before that one.
    """
    known: list[tuple[int, Event]] = []
    streams: dict[UUID, list[Event]] = {}
    later: set[UUID] = set()
    for number, event in log:
        if event.originator_id in later or (as_of is not None and event.timestamp > as_of):
            later.add(event.originator_id)
            continue
        known.append((number, event))
        streams.setdefault(event.originator_id, []).append(event)
    return known, streams

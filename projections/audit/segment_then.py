"""What had become of a lead at an earlier point of the log, as segments ask for it."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from domain import enrollment, message, segment_matching
from domain.event import Event
from domain.segment_matching import History
from projections.audit import event_log
from projections.database.engine import Database, rows

# Beyond every notification id.
NOW = 2**63 - 1


def history_then(database: Database, lead_id: UUID, number: int = NOW) -> History:
    """The history of the lead before the event of that notification id."""
    with database.transaction() as connection:
        message_ids = rows(
            connection,
            "SELECT message_id FROM broadcast_messages WHERE lead_id = %(id)s",
            id=lead_id,
        )
        enrollment_ids = rows(
            connection,
            "SELECT enrollment_id FROM enrollments WHERE lead_id = %(id)s",
            id=lead_id,
        )
    streams: dict[UUID, list[Event]] = defaultdict(list)
    ids = [lead_id, *(row[0] for row in message_ids), *(row[0] for row in enrollment_ids)]
    for place, event in event_log.history(database, ids):
        if place < number:
            streams[event.originator_id].append(event)
    messages = [message.fold(None, streams[row[0]]) for row in message_ids]
    journeys = [enrollment.fold(None, streams[row[0]]) for row in enrollment_ids]
    return segment_matching.history(
        streams[lead_id],
        [each for each in messages if each is not None],
        [each.sequence_id for each in journeys if each is not None and each.status == "active"],
    )

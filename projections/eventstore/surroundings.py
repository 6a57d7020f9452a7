"""What belongs to people: read and locked for many at once, in one order for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.message import Message
from domain.surroundings import LastMessage, Running, Surroundings
from projections.database.engine import rows, uuids
from projections.queue import lookup
from projections.readmodels import addresses, enrollments, leads, suppressions


def surroundings(connection: Connection, lead_ids: Sequence[UUID]) -> dict[UUID, Surroundings]:
    """The surroundings of each of these leads, with those of the leads that were merged into it.

    What is in quarantine is left out.
    """
    if not lead_ids:
        return {}
    person = {lead_id: lead_id for lead_id in lead_ids}
    merged: dict[UUID, list[Any]] = defaultdict(list)
    for state in leads.merged_into(connection, lead_ids):
        assert state.merged_into is not None  # noqa: S101 - that is how it was found
        person[state.id] = state.merged_into
        merged[state.merged_into].append(state)
    running: dict[UUID, list[Running]] = defaultdict(list)
    for row in enrollments.active(connection, lead_ids=person):
        running[person[row.lead_id]].append(
            Running(
                enrollments.state(row),
                row.enrolled_at,
                row.stop_on_reply,
                row.stop_on_manual_message,
            )
        )
    unsent: dict[UUID, list[Message]] = defaultdict(list)
    for message in lookup.cancellable(connection, person):
        unsent[person[message.lead_id]].append(message)
    last = _last_messages(connection, person)
    known = addresses.of_leads(connection, lead_ids)
    suppressed = suppressions.of_keys(
        connection, {address.key for each in known.values() for address in each}
    )
    return {
        id_: Surroundings(
            merged[id_],
            running[id_],
            unsent[id_],
            last.get(id_),
            frozenset(known.get(id_, ())),
            suppressed,
        )
        for id_ in lead_ids
    }


def _last_messages(connection: Connection, person: dict[UUID, UUID]) -> dict[UUID, LastMessage]:
    """The latest message of each person that may have arrived."""
    found = rows(
        connection,
        """
        SELECT m.lead_id, m.message_id, m.queued_at, m.sent_at, m.awaited
        FROM unnest(%(ids)s::uuid[]) AS l(lead_id)
        CROSS JOIN LATERAL (
            SELECT m.*, bool_or(m.status <> 'sent') OVER () AS awaited FROM broadcast_messages m
            WHERE m.lead_id = l.lead_id AND m.queued_at IS NOT NULL
              AND m.status IN ('queued', 'sent', 'unknown')
            ORDER BY m.queued_at DESC, m.message_id LIMIT 1) m
        ORDER BY m.queued_at, m.message_id DESC
        """,
        ids=uuids(person),
    )
    last: dict[UUID, LastMessage] = {}
    for row in found:
        id_ = person[row.lead_id]
        awaited = row.awaited or (id_ in last and last[id_].awaited)
        last[id_] = LastMessage(row.message_id, row.queued_at, row.sent_at, awaited)
    return last

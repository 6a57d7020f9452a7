"""Decides how journeys through sequences that branch go on, as soon as it is known."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from domain.branches.brancher import Brancher
from domain.event import Event
from projections.container import Container
from projections.database.quarantined import FaultyError
from projections.eventstore import journeys
from projections.queue import wake


def decide(container: Container, actor: str, chunk: int) -> int:
    """Decides all that can be decided now, at most ``chunk`` enrollments in a transaction; returns
    how many events that made."""
    sequences: list[UUID] = container.run_around("branch", "reaper", journeys.undecided_sequences)
    return sum(_decide_in(container, actor, sequence_id, chunk) for sequence_id in sequences)


def _decide_in(container: Container, actor: str, sequence_id: UUID, chunk: int) -> int:
    total = 0
    after: UUID | None = None

    def transaction(connection: Connection) -> tuple[int, UUID | None]:
        outreach = container.outreach
        now = outreach.clock()
        found = journeys.undecided(connection, sequence_id, after, now, chunk)
        brancher = Brancher(found.sequence, outreach.house)
        events: list[Event] = []
        for journey in found.journeys:
            replied = found.replies.get(journey.enrollment.lead_id, ())
            try:
                events.extend(brancher.decide(journey, replied, now=now, actor=actor))
            except Exception as error:
                raise FaultyError("enrollment", journey.enrollment.id, error) from None
        outreach.record(connection, events)
        if events:
            wake.wake_broadcasters(connection)
        return len(events), found.after

    while True:
        done, after = container.run_around("branch", "reaper", transaction)
        total += done
        if after is None:
            return total

"""Events to append, as realistic as a scheduled message, under a topic without a handler."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

from benchmarks.harness.seed_data import DUE_AT
from domain.event import Event


class MessagePlanned(Event, frozen=True, kw_only=True, gc=False):
    """Ten fields, like MessageScheduled.

    The topic has no handler, so appending costs encoding, lock, COPY and commit, and no projection.
    """

    TOPIC: ClassVar[str] = "benchmark.message_planned"
    lead_id: UUID
    lead_version: int
    device_id: UUID
    campaign_id: UUID
    step: int
    scheduled_at: datetime


def create_batches(count: int, size: int) -> list[list[MessagePlanned]]:
    """Create ``count`` events in batches of ``size``, each the first of an aggregate with a random
    id."""
    device_id, campaign_id = uuid4(), uuid4()
    now = datetime.now(UTC)
    events = [
        MessagePlanned(
            originator_id=uuid4(),
            originator_version=1,
            timestamp=now,
            actor="runner:campaigner:host:4711",
            lead_id=uuid4(),
            lead_version=1,
            device_id=device_id,
            campaign_id=campaign_id,
            step=0,
            scheduled_at=DUE_AT,
        )
        for _ in range(count)
    ]
    return [events[start : start + size] for start in range(0, count, size)]

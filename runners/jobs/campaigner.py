"""Triggers campaigns: every minute, those whose instant has come."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import audience, campaign
from domain.event import Event
from domain.message import schedule_for_campaign
from domain.message.events import MessageScheduled
from projections.container import Container
from projections.queue import sweep
from projections.readmodels import campaigns, devices, leads
from runners.support.outages import OUTAGES

CHUNK = 5000


class Chunk(NamedTuple):
    """The part of an audience that comes after ``cursor``, up to the lead ``last``, which is None
    where there is nobody left: so many are ``scheduled``, by events that are ``ready`` to be
    recorded; who is left out is counted by reason."""

    campaign_id: UUID
    cursor: UUID | None
    last: UUID | None
    scheduled: int
    excluded: dict[str, int]
    ready: Any


class Campaigner:
    """Freezes the criteria of a campaign, then adds its audience chunk by chunk, each with its
    cursor in one transaction: a crash resumes where the last chunk ended.

    While one chunk is written the next one is read, on a connection of its own, and made ready: it
    is a matter of the audience alone, and used only if the chunk before it was committed.
    """

    def __init__(self, container: Container, actor: str, chunk: int = CHUNK) -> None:
        self.container = container
        self.actor = actor
        self.chunk = chunk
        self._ahead: Future[Chunk] | None = None

    def run_once(self) -> int:
        """Triggers all that is due and completes every audience; returns how many messages were
        scheduled."""
        while self.container.database.run("trigger", self._trigger):
            pass
        total = 0
        with ThreadPoolExecutor(1, "campaigner ahead") as pool:
            while True:
                scheduled = self.container.database.run(
                    "extend", lambda connection: self._extend(connection, pool)
                )
                if scheduled is None:
                    return total
                total += scheduled

    def _trigger(self, connection: Connection) -> bool:
        now = self.container.outreach.clock()
        state = campaigns.next_to_trigger(connection, now)
        if state is None:
            return False
        events = campaign.start(state, now=now, actor=self.actor)
        self.container.outreach.record(connection, events)
        return True

    def _extend(self, connection: Connection, pool: ThreadPoolExecutor) -> int | None:
        """Adds one chunk to one campaign; None when no audience is incomplete."""
        state = campaigns.next_to_extend(connection)
        if state is None:
            return None
        chunk = self._read_ahead(state) or self._read(connection, state, state.cursor)
        now = self.container.outreach.clock()
        if chunk.last is None:
            events: list[Event] = [*campaign.complete_audience(state, now=now, actor=self.actor)]
            self.container.outreach.record(connection, events)
            return 0
        self._ahead = pool.submit(self._read_alone, state, chunk.last)
        extended = campaign.extend_audience(
            state, chunk.last, chunk.scheduled, chunk.excluded, now=now, actor=self.actor
        )
        self.container.outreach.record(connection, extended, chunk.ready)
        if chunk.scheduled:
            sweep.wake_broadcasters(connection)
        return chunk.scheduled

    def _read_ahead(self, state: campaign.Campaign) -> Chunk | None:
        """What was read ahead, if it is what comes next."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return None
        with suppress(*OUTAGES):
            chunk = ahead.result()
            if (chunk.campaign_id, chunk.cursor) == (state.id, state.cursor):
                return chunk
        return None

    def _read_alone(self, state: campaign.Campaign, cursor: UUID) -> Chunk:
        with self.container.database.transaction() as connection:
            return self._read(connection, state, cursor)

    def _read(self, connection: Connection, state: campaign.Campaign, cursor: UUID | None) -> Chunk:
        now = self.container.outreach.clock()
        found = leads.audience(connection, state.id, cursor, self.chunk)
        excluded: Counter[str] = Counter()
        scheduled: list[MessageScheduled] = []
        expires_at = campaign.expires_at(state.definition)
        senders = audience.Senders(devices.statuses(connection))
        for row in found:
            opted_out = row.opted_out_at is not None
            sender = senders.admit(row.lead_id, row.device_id, opted_out=opted_out)
            if not isinstance(sender, UUID):
                excluded[sender] += 1
                continue
            scheduled.append(
                schedule_for_campaign(
                    state.id,
                    row.lead_id,
                    row.version,
                    sender,
                    state.definition.scheduled_at,
                    expires_at,
                    now=now,
                    actor=self.actor,
                )
            )
        last = found[-1].lead_id if found else None
        ready = self.container.outreach.make_ready(scheduled)
        return Chunk(state.id, cursor, last, len(scheduled), dict(excluded), ready)

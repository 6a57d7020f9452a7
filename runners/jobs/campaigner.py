"""The campaigner: starts campaigns whose instant has come, and schedules their messages."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import audience, campaign, rendering, zones
from domain.campaign import definition as campaign_definition
from domain.event import Event
from domain.message import schedule_for_campaign
from domain.message.events import MessageScheduled
from projections.container import Container
from projections.database.quarantined import FaultyError
from projections.queue import wake
from projections.readmodels import campaigns, devices, leads, segments
from projections.records import quarantine

CHUNK = 5000


class Chunk(NamedTuple):
    """The part of a campaign's audience that comes after the lead ``cursor``.

    ``last`` is the last lead of the chunk, None where no lead is left. ``scheduled`` counts the
    messages, ``prepared`` holds their events, and ``excluded`` counts the leads without a message
    by reason.
    """

    campaign_id: UUID
    cursor: UUID | None
    last: UUID | None
    scheduled: int
    excluded: dict[str, int]
    prepared: Any


class Campaigner:
    """Freezes the criteria of a campaign, then adds its audience chunk by chunk.

    A chunk and its cursor are committed in one transaction, so that a crash resumes where the last
    chunk ended. While one chunk is written, the next one is read on a connection of its own and its
    events are prepared. A chunk depends on the audience alone. It is used only if the chunk before
    it was committed.
    """

    def __init__(self, container: Container, actor: str, chunk: int = CHUNK) -> None:
        self.container = container
        self.actor = actor
        self.chunk = chunk
        self._ahead: Future[Chunk] | None = None

    def run_once(self) -> int:
        """Starts every campaign that is due and completes every audience.

        Returns how many messages were scheduled.
        """
        while self.container.run_around("trigger", "campaigner", self._start):
            pass
        total = 0
        with ThreadPoolExecutor(1, "campaigner ahead") as pool:
            while True:
                scheduled = self.container.run_around(
                    "extend", "campaigner", lambda connection: self._extend(connection, pool)
                )
                if scheduled is None:
                    return total
                total += scheduled

    def _start(self, connection: Connection) -> bool:
        """Starts one campaign; False where none is due."""
        now = self.container.outreach.clock()
        state = campaigns.next_to_start(connection, now)
        if state is None:
            return False
        segment = segments.of_definition(connection, state)
        events = campaign.start(state, segment, now=now, actor=self.actor)
        self.container.outreach.record(connection, events)
        return True

    def _extend(self, connection: Connection, pool: ThreadPoolExecutor) -> int | None:
        """Adds one chunk to one campaign; None where every audience is complete."""
        state = campaigns.next_to_extend(connection)
        if state is None:
            return None
        chunk = self._chunk_ahead(state) or self._read(connection, state, state.cursor)
        now = self.container.outreach.clock()
        if chunk.last is None:
            events: list[Event] = [*campaign.complete_audience(state, now=now, actor=self.actor)]
            self.container.outreach.record(connection, events)
            return 0
        self._ahead = pool.submit(self._read_ahead, state, chunk.last)
        extended = campaign.extend_audience(
            state, chunk.last, chunk.scheduled, chunk.excluded, now=now, actor=self.actor
        )
        self.container.outreach.record(connection, extended, chunk.prepared)
        if chunk.scheduled:
            wake.wake_broadcasters(connection)
        return chunk.scheduled

    def _chunk_ahead(self, state: campaign.Campaign) -> Chunk | None:
        """The chunk that was read ahead, if it is the campaign's next one."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return None
        # What is wrong shows when the chunk is read again.
        with suppress(Exception):
            chunk = ahead.result()
            if (chunk.campaign_id, chunk.cursor) == (state.id, state.cursor):
                return chunk
        return None

    def _read_ahead(self, state: campaign.Campaign, cursor: UUID) -> Chunk:
        """``_read`` in a transaction of its own, for the thread that reads ahead."""
        with self.container.database.transaction() as connection:
            return self._read(connection, state, cursor)

    def _read(self, connection: Connection, state: campaign.Campaign, cursor: UUID | None) -> Chunk:
        """The chunk after ``cursor``, which is None before the first one."""
        definition, now = state.definition, self.container.outreach.clock()
        statuses = devices.statuses(connection)
        gateways = devices.gateways(connection)
        senders = audience.of_campaign(state.id, definition, statuses, gateways)
        candidates = leads.audience(
            connection,
            state.id,
            cursor,
            self.chunk,
            devices.retired(statuses),
            segments.of_campaign(connection, state, now),
            purpose=definition.requires_consent,
            named=senders.needs_names,
            local=definition.local_time is not None,
        )
        try:
            scheduled, excluded = self._decide(state, senders, candidates)
        except Exception as error:
            # One campaign that nobody can plan does not keep the others waiting.
            raise FaultyError("campaign", state.id, error) from None
        # What was put aside has no message, and is counted as such.
        aside = quarantine.kept(connection, "message", (event.originator_id for event in scheduled))
        if aside:
            scheduled = [event for event in scheduled if event.originator_id not in aside]
            excluded["unrecordable"] += len(aside)
        last = candidates[-1].lead_id if candidates else None
        prepared = self.container.outreach.prepare_events(scheduled)
        return Chunk(state.id, cursor, last, len(scheduled), dict(excluded), prepared)

    def _decide(
        self, state: campaign.Campaign, senders: audience.Senders, candidates: list[Any]
    ) -> tuple[list[MessageScheduled], Counter[str]]:
        """The messages to those of ``candidates`` that get one, and why the others get none."""
        now, house = self.container.outreach.clock(), self.container.outreach.house
        definition = state.definition
        starts_at = campaign_definition.starts_at(definition)
        excluded: Counter[str] = Counter()
        scheduled: list[MessageScheduled] = []
        for row in candidates:
            names = None
            if senders.needs_names:
                names = rendering.names_of(row.name, row.phone, row.attributes)
            sender = leads.sender(senders, row, names)
            if not isinstance(sender, UUID):
                excluded[sender] += 1
                continue
            due_at = starts_at
            if definition.local_time is not None:
                zone = zones.of_recipient(row.timezone, definition.timezone, row.phone, house)
                due_at = campaign_definition.due_at(definition, zone)
            scheduled.append(
                schedule_for_campaign(
                    state.id,
                    starts_at,
                    row.lead_id,
                    row.version,
                    sender,
                    due_at,
                    campaign_definition.expires_at(definition, due_at),
                    now=now,
                    actor=self.actor,
                )
            )
        return scheduled, excluded

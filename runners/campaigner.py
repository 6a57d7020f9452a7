"""Triggers campaigns: every minute, those whose instant has come."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from sqlalchemy import Connection

from domain import campaign, device
from domain.event import Event
from domain.message import schedule_for_campaign
from projections import campaigns, devices, leads, queue
from projections.composition import House

CHUNK = 5000


class Campaigner:
    """Freezes the criteria of a campaign, then adds its audience chunk by chunk, each with its
    cursor in one transaction: a crash resumes where the last chunk ended."""

    def __init__(self, house: House, actor: str, chunk: int = CHUNK) -> None:
        self.house = house
        self.actor = actor
        self.chunk = chunk

    def run_once(self) -> int:
        """Triggers all that is due and completes every audience; returns how many messages were
        scheduled."""
        while self.house.database.run("trigger", self._trigger):
            pass
        total = 0
        while True:
            scheduled = self.house.database.run("extend", self._extend)
            if scheduled is None:
                return total
            total += scheduled

    def _trigger(self, connection: Connection) -> bool:
        now = self.house.outreach.clock()
        state = campaigns.next_to_trigger(connection, now)
        if state is None:
            return False
        events = campaign.trigger(state, now=now, actor=self.actor)
        self.house.outreach.record(connection, events)
        return True

    def _extend(self, connection: Connection) -> int | None:
        """Adds one chunk to one campaign; None when no audience is incomplete."""
        state = campaigns.next_to_extend(connection)
        if state is None:
            return None
        now = self.house.outreach.clock()
        chunk = leads.audience(connection, state.id, state.cursor, self.chunk)
        if not chunk:
            events: list[Event] = [*campaign.complete_audience(state, now=now, actor=self.actor)]
            self.house.outreach.record(connection, events)
            return 0
        excluded: Counter[str] = Counter()
        scheduled: list[Event] = []
        expires_at = campaign.expires_at(state.definition)
        statuses = devices.statuses(connection)
        serving = device.in_service(statuses)
        for row in chunk:
            device_id = device.choose(row.lead_id, row.device_id, statuses, serving)
            if row.opted_out_at is not None:
                excluded["opted_out"] += 1
                continue
            if not isinstance(device_id, UUID):
                excluded[device_id] += 1
                continue
            scheduled.append(
                schedule_for_campaign(
                    state.id,
                    row.lead_id,
                    row.version,
                    device_id,
                    state.definition.scheduled_at,
                    expires_at,
                    now=now,
                    actor=self.actor,
                )
            )
        extended = campaign.extend_audience(
            state,
            chunk[-1].lead_id,
            len(scheduled),
            dict(excluded),
            now=now,
            actor=self.actor,
        )
        self.house.outreach.record(connection, [*scheduled, *extended])
        if scheduled:
            queue.wake_broadcasters(connection)
        return len(scheduled)

"""Sends what is due: claims it, waits for each message's slot, hands it over, records the outcome.

Three transactions make a message's way, each for all messages of that moment: the claim (pending to
processing), the hand-over (processing to queued, committed before any gateway is called) and the
outcome. Whatever a crash leaves behind is found by the reaper.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from math import ceil
from time import perf_counter
from uuid import UUID

from sqlalchemy import Connection

from domain import message, pacing, tokens
from domain.errors import WrongStateError
from domain.event import Event
from domain.message_events import MessageClaimed
from domain.pacing import Pace, Uniform
from projections import measures, queue
from projections.composition import House
from runners import hand_over, receiving
from runners.breaker import NOT_CALLED, Breaker
from runners.claims import Claims, Slot, server_of
from runners.gateways import (
    Accepted,
    Gateway,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)

# Bounds of one claim: how many lanes, and how many messages in all.
LANES = 1000
BATCH = 1000


class Broadcaster:
    """One worker. Any number may run, on any number of machines: a device's lane is given out by
    one of them at a time, and a message is handed over by whoever holds its lease.

    ``worker`` must be unique among all that run; ``uniform`` is the randomness of back-off.
    """

    def __init__(
        self,
        house: House,
        gateways: Mapping[str, Gateway],
        worker: str,
        actor: str,
        uniform: Uniform,
    ) -> None:
        self.house = house
        self.gateways = gateways
        self.worker = worker
        self.actor = actor
        self.uniform = uniform
        self.claims = Claims()
        self.breaker = Breaker()
        self.in_flight: set[asyncio.Task[None]] = set()
        self.outcomes: list[tuple[UUID, Outcome]] = []
        # When to claim next; None is at once.
        self.next_look: datetime | None = None
        # Set whenever there is an outcome to record: it wakes the loop that waits.
        self.answered = asyncio.Event()

    # Claiming

    def claim(self) -> int:
        """Takes what is due until the next look, each message with its slot; returns how many."""
        with measures.timed("claim"):
            claimed = self.house.database.run("claim", self._claim)
        self.claims.add(claimed)
        return len(claimed)

    def _claim(self, connection: Connection) -> list[Slot]:
        now = self.house.outreach.clock()
        horizon = now + timedelta(seconds=self.house.settings.broadcast_every)
        behind = self.claims.behind(now - timedelta(seconds=self.house.settings.broadcast_every))
        devices = queue.ready_devices(connection, now, horizon, self.gateways, behind, LANES)
        if not devices:
            return []
        # An equal share for each, so that the backlog of some is not in the way of others; where
        # there is no room for all, those that waited longest.
        share = ceil(BATCH / len(devices))
        chosen = devices[: ceil(BATCH / share)]
        found = queue.due(connection, chosen, now, horizon, share, BATCH)
        by_device: dict[UUID, list[queue.Due]] = {}
        for row in found:
            by_device.setdefault(row.device_id, []).append(row)
        claimed: list[Slot] = []
        events: list[MessageClaimed] = []
        for rows in by_device.values():
            self._claim_lane(rows, now, horizon, claimed, events)
        self.house.outreach.record(connection, events)
        return claimed

    def _claim_lane(
        self,
        rows: list[queue.Due],
        now: datetime,
        horizon: datetime,
        claimed: list[Slot],
        events: list[MessageClaimed],
    ) -> None:
        """Adds the messages of one device whose slots come before the horizon, on one lease."""
        zone = tokens.zone(rows[0].timezone)
        slots = [slot for slot in _slots(rows, now) if slot <= horizon]
        if not slots:
            return
        lease_until = slots[-1] + timedelta(seconds=self.house.settings.lease_seconds)
        for row, send_at in zip(rows, slots, strict=False):
            paced = max(row.min_delay_seconds, row.asked_min_seconds or 0) > 0
            server = server_of(row.gateway, row.base_url)
            claimed.append(Slot(send_at, row.message_id, row.device_id, lease_until, paced, server))
            events.append(
                MessageClaimed(
                    originator_id=row.message_id,
                    originator_version=row.version + 1,
                    timestamp=now,
                    actor=self.actor,
                    worker=self.worker,
                    send_at=send_at,
                    slot_day=send_at.astimezone(zone).date(),
                    lease_until=lease_until,
                )
            )

    # Handing over

    def hand_over(self) -> list[tuple[str, Outgoing]]:
        """Records the hand-over of every message whose slot has come and is still wanted; returns
        them with their gateways' names. What comes too soon after the device's last send goes back
        to wait for its new moment."""
        due = self.claims.take_due(self.house.outreach.clock())
        if not due:
            return []
        try:
            handed = self.house.database.run(
                "hand_over",
                lambda connection: hand_over.decide(
                    connection, self.house, due, self.worker, self.actor
                ),
            )
        except BaseException:
            self.claims.add(due)
            raise
        for slot, free_at in handed.postponed:
            self.claims.postpone(slot, free_at)
        return handed.outgoing

    # Sending

    def send(self, outgoing: Iterable[tuple[str, Outgoing]]) -> None:
        """Calls the gateways concurrently; outcomes gather until they are recorded."""
        now = self.house.outreach.clock()
        for gateway, item in outgoing:
            server = server_of(gateway, item.settings.get("base_url"))
            self.claims.call_begins(item.device_id, item.message_id, server, now)
            task = asyncio.create_task(self._send(gateway, item))
            self.in_flight.add(task)
            task.add_done_callback(self.in_flight.discard)

    async def _send(self, name: str, outgoing: Outgoing) -> None:
        limit = self.house.settings.gateway_timeout
        outcome: Outcome
        began = perf_counter()
        if self.house.outreach.clock() >= outgoing.call_before:
            # The database or this machine stood still since: others may think that it is over.
            self._gather(name, outgoing, NOT_CALLED)
            return
        reach = self.house.database.reach
        try:
            async with asyncio.timeout(limit):
                reach("gateway.before_call")
                outcome = await self.gateways[name].send(outgoing)
                reach("gateway.after_call")
        except TimeoutError:
            outcome = Unknown(f"no answer within {limit:g} seconds")
        except Exception as error:  # a gateway's own fault says nothing about the message
            outcome = Unknown(f"the gateway failed: {type(error).__name__}")
        measures.gateway(name, type(outcome).__name__.lower(), perf_counter() - began)
        self._gather(name, outgoing, outcome)

    def _gather(self, gateway: str, outgoing: Outgoing, outcome: Outcome) -> None:
        server = server_of(gateway, outgoing.settings.get("base_url"))
        self.claims.call_ends(outgoing.device_id, outgoing.message_id, server)
        self.outcomes.append((outgoing.message_id, outcome))
        self.answered.set()

    # Recording

    def take_outcomes(self) -> list[tuple[UUID, Outcome]]:
        """The outcomes that have gathered, which the caller must now record. Only the thread of the
        event loop may call this: it is the one that gathers them."""
        taken, self.outcomes = self.outcomes, []
        self.answered.clear()
        return taken

    def record(self, gathered: list[tuple[UUID, Outcome]]) -> int:
        """Records outcomes; returns how many. If the database fails they go back to the others.
        Devices whose gateway does not answer go offline."""
        if not gathered:
            return 0
        outcomes = dict(gathered)

        def work(connection: Connection) -> dict[UUID, UUID]:
            states = queue.locked(connection, outcomes)
            events = [e for state in states for e in self._outcome(state, outcomes[state.id])]
            self.house.outreach.record(connection, events)
            return {state.id: state.device_id for state in states}

        try:
            devices = self.house.database.run("record", work)
        except BaseException:
            self.outcomes[:0] = gathered
            raise
        tripped = self.breaker.tripped((devices[id_], outcome) for id_, outcome in gathered)
        for device_id, reason in tripped.items():
            with suppress(WrongStateError):  # it was retired
                self.house.outreach.disconnect_device(device_id, reason, actor=self.actor)
        return len(gathered)

    def _outcome(self, state: message.Message, outcome: Outcome) -> list[Event]:
        now, actor = self.house.outreach.clock(), self.actor
        try:
            match outcome:
                case Accepted(provider_id):
                    return [message.confirm_sent(state, provider_id, now=now, actor=actor)]
                case Rejected(code, reason):
                    return [message.fail(state, code, reason, now=now, actor=actor)]
                case Throttled(retry_after):
                    return [self._defer(state, "throttled", retry_after, now)]
                case Unreachable(reason):
                    return [self._defer(state, f"unreachable: {reason}", None, now)]
                case Unknown(reason):
                    return [message.lose_track(state, reason, now=now, actor=actor)]
        except WrongStateError:
            return []  # a receipt or an operator settled it first

    def _defer(
        self, state: message.Message, reason: str, retry_after: float | None, now: datetime
    ) -> Event:
        seconds = max(retry_after or 0.0, pacing.back_off(max(1, state.attempt), self.uniform))
        return message.defer(
            state,
            now + timedelta(seconds=seconds),
            reason,
            self.house.settings.max_attempts,
            now=now,
            actor=self.actor,
        )

    def record_reports(self) -> int:
        """Records what gateways report when they are asked; returns how many reports there were."""
        return receiving.record_reports(self.house, self.gateways, self.actor)

    # Stopping

    def release(self) -> int:
        """Gives up every claim that was not handed over."""
        ids = [slot.message_id for slot in self.claims.all()]
        if not ids:
            return 0

        def work(connection: Connection) -> int:
            now = self.house.outreach.clock()
            events = [
                message.release(state, "worker stopped", now=now, actor=self.actor)
                for state in queue.locked(connection, ids)
                if state.status == "processing" and state.worker == self.worker
            ]
            self.house.outreach.record(connection, events)
            return len(events)

        released = self.house.database.run("release", work)
        self.claims.clear()
        return released

    async def close(self) -> None:
        """Ends the connections to the gateways."""
        for gateway in self.gateways.values():
            await gateway.close()


def _slots(rows: list[queue.Due], now: datetime) -> list[datetime]:
    """The slots of one device's messages, in order.

    The pauses follow from the device and its latest slot, so that a look at which the next slot is
    still too far away draws no other pause than the one before: a pause is drawn once, and no slot
    has to be taken long before it comes.
    """
    wanted = [
        (
            max(now, row.due_at),
            Pace(row.min_delay_seconds, row.max_delay_seconds).slower_of(
                Pace(row.asked_min_seconds, row.asked_max_seconds)
            ),
        )
        for row in rows
    ]
    last_slot = rows[0].last_slot_at
    seed = f"{rows[0].device_id}:{last_slot}"
    return pacing.assign_slots(last_slot, wanted, random.Random(seed).uniform)  # noqa: S311

"""Sends what is due: claims it, waits for each message's slot, hands it over, records the outcome.

Three steps make a message's way, each a transaction for all messages of that moment: the claim
(pending to processing), the hand-over (processing to queued, committed before any gateway is
called) and the outcome. What may go at once is claimed and handed over in one. Whatever a crash
leaves behind is found by the reaper.

The three may go on at the same time (``loops.py``): ``look``, ``decide`` and ``record`` only
use the database and run in threads; all else belongs to the thread of the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID

from eventsourcing.persistence import IntegrityError
from sqlalchemy import Connection

from domain import message, pacing
from domain.errors import WrongStateError
from domain.event import Event
from domain.pacing import Uniform
from projections.config import metrics
from projections.container import Container
from projections.queue import sweep
from projections.queue.claim import Wanted
from runners.gateways.protocol import (
    Accepted,
    Gateway,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.sending import claim, collect, dispatch
from runners.sending.breaker import Breaker
from runners.sending.calls import Calls
from runners.sending.claim import Taken
from runners.sending.device_queues import Claims, Room, Slot, server_of
from runners.sending.dispatch import HandedOver

# How many lanes one claim takes at most.
LANES = 1000
# So many lanes a worker always takes, however many messages wait in each, and how many of them are
# many.
FEWEST_LANES, MUCH = 16, 4

Answer = tuple[Outgoing, Outcome]


class Broadcaster:
    """One worker. Any number may run, on any number of machines: a device's lane is given out by
    one of them at a time, and a message is handed over by whoever holds its lease.

    ``worker`` must be unique among all that run; ``uniform`` is the randomness of back-off.
    """

    def __init__(
        self,
        container: Container,
        gateways: Mapping[str, Gateway],
        worker: str,
        actor: str,
        uniform: Uniform,
    ) -> None:
        self.container = container
        self.gateways = gateways
        self.worker = worker
        self.actor = actor
        self.uniform = uniform
        # How many lanes the next claim may take, and whether the last one had no room for all.
        self.lanes = LANES
        self.more_is_due = False
        self.claims = Claims()
        self.breaker = Breaker()
        self.calls = Calls(container, gateways, self._gather)
        self.outcomes: list[Answer] = []
        # When to claim next; None is at once.
        self.next_look: datetime | None = None
        # Set whenever there is an outcome to record.
        self.answered = asyncio.Event()
        # Set whenever something may go that could not go before: it was claimed, or a call ended.
        self.ready = asyncio.Event()

    # Claiming

    def claim(self) -> int:
        """Takes what is due until the next look, each message with its slot; returns how many."""
        taken = self.look(self.behind(), Room())
        self.hold(taken.slots)
        return len(taken.slots)

    def hold(self, slots: list[Slot]) -> None:
        """Adds what was claimed, or taken and not handed over."""
        self.claims.add(slots)
        self.ready.set()

    def behind(self) -> set[UUID]:
        """Devices that still have to send what was due before the last look."""
        every = timedelta(seconds=self.container.settings.broadcast_every)
        return self.claims.behind(self.container.outreach.clock() - every)

    def room(self) -> Room:
        """For what the next look finds; none while something else waits, which comes first."""
        now = self.container.outreach.clock()
        return Room() if self.claims.waiting(now) else self.claims.room(now)

    def look(self, behind: Set[UUID], room: Room) -> Taken:
        """Claims what is due until the next look for devices that are not ``behind``, and hands
        over what may go now and has ``room``. What it gives has to be held, or sent, by the thread
        that has the claims."""
        with metrics.timed("claim"):
            taken = self.container.database.run("claim", lambda c: self._look(c, behind, room))
        if taken.handed.outgoing:
            self.container.database.reach("hand_over.after_commit")
        devices = {slot.device_id for slot in taken.slots}
        devices.update(outgoing.device_id for _, outgoing in taken.handed.outgoing)
        lanes, messages = len(devices), len(taken.slots) + len(taken.handed.outgoing)
        full = messages >= claim.batch(self.lanes) // 2
        self.more_is_due = full or lanes >= self.lanes
        # Where much waits in each lane, half of those that can be had make a batch, and other
        # workers find theirs free; those that waited longest come first, and so all have their
        # turn.
        if not (full and messages >= MUCH * lanes):
            self.lanes = LANES
        elif lanes < self.lanes:
            self.lanes = max(FEWEST_LANES, lanes // 2)
        return taken

    def _look(self, connection: Connection, behind: Set[UUID], room: Room) -> Taken:
        wanted = Wanted(self.gateways, behind, self.lanes)
        taken = claim.decide(connection, self.container, wanted, room, self.worker, self.actor)
        if taken.handed.outgoing:
            self.container.database.reach("hand_over.before_commit")
        return taken

    # Handing over

    def hand_over(self) -> list[tuple[str, Outgoing]]:
        """Records the hand-over of every message whose slot has come and is still wanted; returns
        them with their gateways' names. What comes too soon after the device's last send goes back
        to wait for its new moment."""
        with self.taken() as slots:
            decided = self.decide(slots)
        return self.handed(decided)

    @contextmanager
    def taken(self) -> Iterator[list[Slot]]:
        """What has to be decided upon now; if the block fails it is held again."""
        slots = self.claims.take_due(self.container.outreach.clock())
        try:
            yield slots
        except BaseException:
            self.hold(slots)
            raise

    def decide(self, slots: list[Slot]) -> HandedOver:
        """Records what becomes of messages whose slots have come."""
        if not slots:
            return HandedOver([], [])
        return self.container.database.run(
            "hand_over",
            lambda connection: dispatch.decide(
                connection, self.container, slots, self.worker, self.actor
            ),
        )

    def handed(self, decided: HandedOver) -> list[tuple[str, Outgoing]]:
        """Holds what is postponed; returns what is to be sent."""
        for slot, free_at in decided.postponed:
            self.claims.postpone(slot, free_at)
        return decided.outgoing

    # Sending

    def send(self, outgoing: Iterable[tuple[str, Outgoing]]) -> None:
        """Calls the gateways concurrently; outcomes gather until they are recorded."""
        now = self.container.outreach.clock()
        calls = list(outgoing)
        for gateway, item in calls:
            server = server_of(gateway, item.settings.get("base_url"))
            self.claims.call_begins(item.device_id, item.message_id, server, now)
        self.calls.begin(calls)

    @property
    def in_flight(self) -> Set[asyncio.Task[None]]:
        """The calls that have not ended."""
        return self.calls.in_flight.keys()

    def _gather(self, gateway: str, outgoing: Outgoing, outcome: Outcome) -> None:
        server = server_of(gateway, outgoing.settings.get("base_url"))
        self.claims.call_ends(outgoing.device_id, outgoing.message_id, server)
        self.outcomes.append((outgoing, outcome))
        self.answered.set()
        self.ready.set()

    # Recording

    def take_outcomes(self) -> list[Answer]:
        """The outcomes that have gathered, which the caller must now record. Only the thread of the
        event loop may call this: it is the one that gathers them."""
        taken, self.outcomes = self.outcomes, []
        self.answered.clear()
        return taken

    def record(self, gathered: list[Answer]) -> int:
        """Records outcomes; returns how many. If the database fails they go back to the others.
        Devices whose gateway does not answer go offline."""
        if not gathered:
            return 0
        try:
            try:
                self.container.database.run("record", lambda c: self._record_as_left(c, gathered))
            except IntegrityError:  # somebody settled one of them first
                self.container.database.run("record", lambda c: self._record_as_found(c, gathered))
        except BaseException:
            self.outcomes[:0] = gathered
            raise
        tripped = self.breaker.tripped(
            (outgoing.device_id, outcome) for outgoing, outcome in gathered
        )
        for device_id, reason in tripped.items():
            with suppress(WrongStateError):  # it was retired
                self.container.outreach.disconnect_device(device_id, reason, actor=self.actor)
        return len(gathered)

    def _record_as_left(self, connection: Connection, gathered: list[Answer]) -> None:
        """Takes it that the messages are as they were when they were handed over, as they nearly
        always are, and looks none of them up. In id order, in which everybody locks them."""
        now = self.container.outreach.clock()
        events = [
            self._outcome(
                message.InHand(it.message_id, it.version, "queued", it.attempt), outcome, now
            )
            for it, outcome in sorted(gathered, key=_lock_order)
        ]
        self.container.outreach.record(connection, events)

    def _record_as_found(self, connection: Connection, gathered: list[Answer]) -> None:
        now = self.container.outreach.clock()
        outcomes = {outgoing.message_id: outcome for outgoing, outcome in gathered}
        events: list[Event] = []
        for state in sweep.locked(connection, outcomes):
            with suppress(WrongStateError):  # a receipt or an operator settled it first
                events.append(self._outcome(state, outcomes[state.id], now))
        self.container.outreach.record(connection, events)

    def _outcome(self, state: message.Known, outcome: Outcome, now: datetime) -> Event:
        actor = self.actor
        match outcome:
            case Accepted(provider_id):
                return message.confirm_sent(state, provider_id, now=now, actor=actor)
            case Rejected(code, reason):
                return message.fail(state, code, reason, now=now, actor=actor)
            case Throttled(retry_after):
                return self._defer(state, "throttled", retry_after, now)
            case Unreachable(reason):
                return self._defer(state, f"unreachable: {reason}", None, now)
            case Unknown(reason):
                return message.lose_track(state, reason, now=now, actor=actor)

    def _defer(
        self, state: message.Known, reason: str, retry_after: float | None, now: datetime
    ) -> Event:
        seconds = max(retry_after or 0.0, pacing.back_off(max(1, state.attempt), self.uniform))
        return message.defer(
            state,
            now + timedelta(seconds=seconds),
            reason,
            self.container.settings.max_attempts,
            now=now,
            actor=self.actor,
        )

    def record_reports(self) -> int:
        """Records what gateways report when they are asked; returns how many reports there were."""
        return collect.record_reports(self.container, self.gateways, self.actor)

    # Stopping

    def release(self) -> int:
        """Gives up every claim that was not handed over."""
        ids = [slot.message_id for slot in self.claims.all()]
        if not ids:
            return 0

        def work(connection: Connection) -> int:
            now = self.container.outreach.clock()
            events = [
                message.release(state, "worker stopped", now=now, actor=self.actor)
                for state in sweep.locked(connection, ids)
                if state.status == "processing" and state.worker == self.worker
            ]
            self.container.outreach.record(connection, events)
            return len(events)

        released = self.container.database.run("release", work)
        self.claims.clear()
        return released

    async def close(self) -> None:
        """Ends the connections to the gateways."""
        for gateway in self.gateways.values():
            await gateway.close()


def _lock_order(answer: Answer) -> int:
    return answer[0].message_id.int

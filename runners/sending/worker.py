"""The broadcaster: sends what is due.

Three steps make a message's way, each a transaction for all messages of that moment: the claim
(pending to processing), the dispatch (processing to queued, committed before any gateway is called)
and the outcome. What may go at once is claimed and dispatched in one. The reaper finds whatever a
crash leaves behind.

Each step is one method that uses only the database (``claim``, ``dispatch``, ``record``) and may
run in a thread, between two methods that belong to the thread of the event loop: what to do, and
what follows from it. ``loops`` runs the three steps at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import message
from domain.errors import WrongStateError
from domain.pacing import Uniform
from projections.config import metrics
from projections.container import Container
from projections.database.servers import ServerChangedError
from projections.queue import lookup, lost
from projections.queue.claim import Wanted
from runners.gateways.protocol import Gateway, Outcome, Outgoing
from runners.sending import collect, ignored, recovery
from runners.sending.breaker import Breaker
from runners.sending.call_limits import CallBudget
from runners.sending.calls import Calls
from runners.sending.claim import ClaimResult, claim_due
from runners.sending.claim_window import ClaimWindow
from runners.sending.device_queues import DeviceQueues
from runners.sending.dispatch import DispatchResult, dispatch_due
from runners.sending.memory import DispatchMemory
from runners.sending.outcomes import OutcomeRecorder, SendResult
from runners.sending.slots import Slot, server_of
from runners.support.clock_watch import always_right

# What quarantine and health call this runner.
NAME = "broadcaster"


class ClaimRequest(NamedTuple):
    """The devices that the next claim leaves out, and the calls that it may begin at once."""

    behind: Set[UUID]
    budget: CallBudget


class Broadcaster:
    """One worker. Any number may run, on any number of machines: a device's slots are given out by
    one of them at a time, and whoever holds a message's lease dispatches it.

    ``worker`` must be unique among all that run. ``uniform`` is the randomness of back-off.
    ``clock_is_right`` says whether it may claim and dispatch.
    """

    def __init__(
        self,
        container: Container,
        gateways: Mapping[str, Gateway],
        worker: str,
        actor: str,
        uniform: Uniform,
        clock_is_right: Callable[[], bool] = always_right,
    ) -> None:
        self.container = container
        self.gateways = gateways
        self.worker = worker
        self.actor = actor
        self.clock_is_right = clock_is_right
        self.window = ClaimWindow()
        self.queues = DeviceQueues()
        self.breaker = Breaker()
        self.calls = Calls(container, gateways, self._call_ended)
        self.memory = DispatchMemory()
        self.recorder = OutcomeRecorder(container, actor, uniform, self.memory)
        # The server whose log was compared with the memory; None before the first one.
        self.reconciled: str | None = None
        # Outcomes that are not recorded yet.
        self.outcomes: list[SendResult] = []
        # When to claim next; None is at once.
        self.next_claim_at: datetime | None = None
        # Set whenever there is an outcome to record.
        self.wake_record = asyncio.Event()
        # Set whenever something may go that could not go before: it was claimed, or a call ended.
        self.wake_dispatch = asyncio.Event()

    def may_send(self) -> bool:
        """Whether its clock is one to claim and dispatch by. Raises ServerChangedError as those do:
        what was sent is compared with another server's log whatever the clock says."""
        self._require_server()
        return self.clock_is_right()

    # Claim

    def claim_request(self, *, at_once: bool = True) -> ClaimRequest:
        """Leaves out devices that still have to send what was due before the last look. Nothing is
        dispatched at once while something else waits, which comes first, or unless ``at_once``."""
        now = self.container.outreach.clock()
        every = timedelta(seconds=self.container.settings.broadcast_every)
        if at_once and not self.queues.waiting(now):
            budget = self.queues.budget(now)
        else:
            budget = CallBudget()
        return ClaimRequest(self.queues.behind(now - every), budget)

    def claim(self, request: ClaimRequest) -> ClaimResult:
        """Claims what is due until the next look, each message with its slot, and dispatches what
        may go now. The result must be accepted."""
        database = self.container.database
        with metrics.timed("claim"):
            result = self.container.run_around(
                "claim", NAME, lambda connection: self._claim(connection, request)
            )
        self.memory.add(result.dispatched.queued)
        dispatched = result.dispatched.outgoing
        if dispatched:
            database.fault_point("dispatch.after_commit")
        devices = {slot.device_id for slot in result.slots}
        devices.update(outgoing.device_id for _, outgoing in dispatched)
        self.window.update(len(devices), len(result.slots) + len(dispatched))
        return result

    def _claim(self, connection: Connection, request: ClaimRequest) -> ClaimResult:
        wanted = Wanted(self.gateways, request.behind, self.window.device_limit)
        result = claim_due(
            self._require(connection),
            self.container,
            wanted,
            request.budget,
            self.worker,
            self.actor,
        )
        if result.dispatched.outgoing:
            self.container.database.fault_point("dispatch.before_commit")
        return result

    def accept_claim(self, result: ClaimResult) -> int:
        """Queues what was claimed and sends what was dispatched with it; returns how many messages
        that were."""
        self._queue(result.slots)
        self.accept_dispatch(result.dispatched)
        return len(result.slots) + len(result.dispatched.outgoing)

    def _queue(self, slots: list[Slot]) -> None:
        self.queues.add(slots)
        self.wake_dispatch.set()

    # Dispatch

    @contextmanager
    def due(self) -> Iterator[list[Slot]]:
        """Takes out the slots that have come; if the block fails they are queued again."""
        slots = self.queues.take_due(self.container.outreach.clock())
        try:
            yield slots
        except BaseException:
            self._queue(slots)
            raise

    def dispatch(self, slots: list[Slot]) -> DispatchResult:
        """Records what becomes of messages whose slots have come. The result must be accepted."""
        if not slots:
            return DispatchResult.empty()
        result = self.container.run_around(
            "dispatch",
            NAME,
            lambda connection: dispatch_due(
                self._require(connection), self.container, slots, self.worker, self.actor
            ),
        )
        self.memory.add(result.queued)
        return result

    def accept_dispatch(self, result: DispatchResult) -> None:
        """Sends what was dispatched, queues what was postponed, and reports what was ignored."""
        ignored.report(result.ignored)
        for slot, free_at in result.postponed:
            self.queues.postpone(slot, free_at)
        self._send(result.outgoing)

    def _send(self, calls: Iterable[tuple[str, Outgoing]]) -> None:
        """Calls the gateways concurrently; outcomes gather until they are recorded."""
        now = self.container.outreach.clock()
        begun = list(calls)
        for gateway, outgoing in begun:
            server = server_of(gateway, outgoing.settings.get("base_url"))
            self.queues.call_begins(outgoing.device_id, outgoing.message_id, server, now)
        if begun:
            self.calls.begin(begun)

    @property
    def in_flight(self) -> Set[asyncio.Task[None]]:
        """The calls that have not ended."""
        return self.calls.in_flight.keys()

    def _call_ended(self, gateway: str, outgoing: Outgoing, outcome: Outcome) -> None:
        server = server_of(gateway, outgoing.settings.get("base_url"))
        self.queues.call_ends(outgoing.device_id, outgoing.message_id, server)
        self.outcomes.append((outgoing, outcome))
        self.wake_record.set()
        self.wake_dispatch.set()

    # Outcome

    def take_outcomes(self) -> list[SendResult]:
        """The outcomes that have gathered, which the caller must now record."""
        gathered, self.outcomes = self.outcomes, []
        self.wake_record.clear()
        return gathered

    def record(self, gathered: list[SendResult]) -> int:
        """Records outcomes; returns how many. If the database fails they go back to the others.
        Devices whose gateway does not answer go offline."""
        if not gathered:
            return 0
        try:
            self.recorder.record(gathered, self._require)
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

    def collect_inbound(self) -> int:
        """Records receipts and replies that gateways have to be asked for; returns how many there
        were."""
        return collect.collect_inbound(self.container, self.gateways)

    # A server that went back

    def _require(self, connection: Connection) -> Connection:
        """The connection, if it leads to the server whose log was compared with the memory. Raises
        ServerChangedError if it does not."""
        self._require_server()
        return connection

    def _require_server(self) -> None:
        server = self.container.database.watch.server
        if self.reconciled is None and not self.memory:
            self.reconciled = server
        if server != self.reconciled:
            raise ServerChangedError("the server changed; what was sent is compared with its log")

    async def reconcile(self) -> None:
        """Compares the memory with the log of the present server, see ``recovery``, and forgets
        what this worker has claimed and does not hold there."""
        # A worker that has just begun has no server before this one.
        grace = recovery.GRACE if self.reconciled else 0.0
        server = await recovery.reconcile(self.container, self.memory, self.worker, grace=grace)
        slots = self.queues.all()
        held = await asyncio.to_thread(self._still_held, [slot.message_id for slot in slots])
        self.queues.clear()
        self._queue([slot for slot in slots if slot.message_id in held])
        self.reconciled = server

    def _still_held(self, message_ids: list[UUID]) -> Set[UUID]:
        with self.container.database.transaction() as connection:
            return lost.still_held(connection, message_ids, self.worker)

    # Stopping

    def release(self) -> int:
        """Gives up every claim that was not dispatched; returns how many."""
        ids = [slot.message_id for slot in self.queues.all()]
        if not ids:
            return 0

        def work(connection: Connection) -> int:
            now = self.container.outreach.clock()
            events = [
                message.release(state, "worker stopped", now=now, actor=self.actor)
                for state in lookup.locked(connection, ids)
                if state.status == "processing" and state.worker == self.worker
            ]
            self.container.outreach.record(connection, events)
            return len(events)

        released = self.container.run_around("release", NAME, work)
        self.queues.clear()
        return released

    async def close(self) -> None:
        """Ends the connections to the gateways."""
        for gateway in self.gateways.values():
            await gateway.close()

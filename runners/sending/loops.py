"""Keeps a broadcaster going: it claims, dispatches and records, all three at the same time.

Each step has a loop of its own: it does what there is to do, in a thread while the database works,
and then waits until it is woken or its time comes. So the database and this process are both at
work, and a commit of one step is no pause for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from projections.database.listener import Listener
from projections.database.servers import ServerChangedError
from projections.queue.wake import CHANNEL
from runners.sending.claim_window import BATCH
from runners.sending.worker import NAME, Broadcaster
from runners.support.health import Health

log = structlog.get_logger()

# No server's identity.
NO_SERVER = ""
# How often the end is tried while the database is away.
MOST_TRIES = 5
# Seconds until a loop looks without being woken.
LONGEST_WAIT = 60.0


async def broadcast(broadcaster: Broadcaster, stop: asyncio.Event, health: Health) -> None:
    """Claims every few seconds, or sooner when woken, sends each message at its slot and records
    what became of it until ``stop`` is set; then lets what is in flight finish and releases the
    rest. After an error a loop goes on after the pause that ``health`` says."""
    listener = Listener(broadcaster.container.database.url, CHANNEL)
    steps = Steps(broadcaster, listener)
    # The first step finds the server to be another one, and waits for the other workers.
    broadcaster.reconciled = NO_SERVER
    tasks = [
        asyncio.create_task(_repeat(step, wait, stop, steps, health))
        for step, wait in (
            (steps.claim, steps.wait_for_news),
            (steps.dispatch, steps.wait_for_slot),
            (steps.record, steps.wait_for_outcomes),
        )
    ]
    await stop.wait()
    steps.wake()
    await asyncio.wait(tasks)
    listener.close()
    for task in tasks:
        task.result()
    await _finish(broadcaster, health)
    await broadcaster.close()


async def play_out(broadcaster: Broadcaster) -> int:
    """One look: claims all that can be claimed now and sees it through; returns how many messages
    were claimed."""
    claimed = 0
    while broadcaster.clock_is_right():
        request = broadcaster.claim_request(at_once=False)
        result = await asyncio.to_thread(broadcaster.claim, request)
        if not broadcaster.accept_claim(result):
            break
        claimed += len(result.slots)
    steps = Steps(broadcaster, Listener(broadcaster.container.database.url, CHANNEL))
    while True:
        seconds = await steps.dispatch()
        await steps.record()
        if not (broadcaster.queues or broadcaster.in_flight or broadcaster.outcomes):
            await broadcaster.close()
            return claimed
        await _woken(broadcaster.wake_record, seconds)


class Steps:
    """What each loop does once, and how it waits; all of it in the thread of the event loop."""

    def __init__(self, broadcaster: Broadcaster, listener: Listener) -> None:
        self.broadcaster = broadcaster
        self.listener = listener
        self.settings = broadcaster.container.settings
        self.clock = broadcaster.container.outreach.clock
        # Set when there may be room for more claims, or news of something due.
        self.wake_claim = asyncio.Event()
        self.dispatching = asyncio.Lock()
        self.reconciling = asyncio.Lock()

    async def reconcile(self) -> None:
        """Compares what the worker sent with the log of a server that is not the one before. All
        loops come here; the first one does it."""
        async with self.reconciling:
            worker = self.broadcaster
            if worker.reconciled != worker.container.database.watch.server:
                await worker.reconcile()
                worker.next_claim_at = None

    def wake(self) -> None:
        """Lets every loop that waits look at once."""
        for event in (
            self.wake_claim,
            self.broadcaster.wake_dispatch,
            self.broadcaster.wake_record,
        ):
            event.set()

    async def claim(self) -> float:
        """Claims if it is time to, and if less than a batch waits to be dispatched, or to be
        recorded; what may go at once is dispatched. Returns the seconds until the next look."""
        worker = self.broadcaster
        # First listen, then look: what comes in between must not wait for the next look.
        if await asyncio.to_thread(self.listener.open):
            worker.next_claim_at = None
        if not worker.may_send():
            return self.settings.broadcast_every
        now = self.clock()
        longest = timedelta(seconds=self.settings.broadcast_every)
        # The clock may have been ahead when the next look was planned.
        if worker.next_claim_at is None or not now < worker.next_claim_at <= now + longest:
            waiting = worker.queues.waiting(now)
            if waiting >= BATCH or len(worker.outcomes) >= BATCH:
                return LONGEST_WAIT
            # Only one loop at a time dispatches: each would take the room for its own.
            async with nullcontext() if waiting else self.dispatching:
                result = await asyncio.to_thread(worker.claim, worker.claim_request())
                worker.accept_claim(result)
            every = 0.0 if worker.window.more_is_due else self.settings.broadcast_every
            worker.next_claim_at = now + timedelta(seconds=every)
        return _seconds_until(worker.next_claim_at, self.clock())

    async def wait_for_news(self, seconds: float) -> None:
        """Until time is up, there may be room for more, or there is news of something due."""
        loop, descriptor = asyncio.get_running_loop(), self.listener.descriptor
        if descriptor is not None:
            loop.add_reader(descriptor, self.wake_claim.set)
        try:
            await _woken(self.wake_claim, seconds)
        finally:
            if descriptor is not None:
                loop.remove_reader(descriptor)
        if self.listener.drain():
            self.broadcaster.next_claim_at = None

    async def dispatch(self) -> float:
        """Dispatches what is due and sends it; returns the seconds until the next slot."""
        worker = self.broadcaster
        if not worker.may_send():
            return self.settings.broadcast_every
        async with self.dispatching:
            with worker.due() as slots:
                result = await asyncio.to_thread(worker.dispatch, slots)
            worker.accept_dispatch(result)
        if slots:
            self.wake_claim.set()
        moment = worker.queues.next_moment()
        return LONGEST_WAIT if moment is None else _seconds_until(moment, self.clock())

    async def wait_for_slot(self, seconds: float) -> None:
        """Until the next slot, or something else may go."""
        await _woken(self.broadcaster.wake_dispatch, seconds)

    async def record(self) -> float:
        """Records outcomes, and what gateways have to be asked for; returns the seconds until they
        are asked again."""
        worker = self.broadcaster
        await asyncio.to_thread(worker.record, worker.take_outcomes())
        self.wake_claim.set()
        await asyncio.to_thread(worker.collect_inbound)
        return self.settings.broadcast_every

    async def wait_for_outcomes(self, seconds: float) -> None:
        """Until there is an outcome, or it is time to ask the gateways."""
        await _woken(self.broadcaster.wake_record, seconds)


class Step(Protocol):
    """Does what there is to do; gives the seconds until it should look again."""

    __name__: str

    def __call__(self) -> Awaitable[float]:
        """One look."""
        ...


async def _repeat(
    step: Step,
    wait: Callable[[float], Awaitable[None]],
    stop: asyncio.Event,
    steps: Steps,
    health: Health,
) -> None:
    while not stop.is_set():
        try:
            try:
                seconds = await step()
            except ServerChangedError:
                await steps.reconcile()
                continue
            health.worked(NAME, step.__name__)
        except Exception as error:
            pause = health.failed(NAME, error, step.__name__)
            # What happens meanwhile is no reason to try sooner.
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        else:
            await wait(seconds)


async def _woken(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, ``seconds`` at most; then it is cleared."""
    with suppress(TimeoutError):
        async with asyncio.timeout(min(seconds, LONGEST_WAIT)):
            await event.wait()
    event.clear()


async def _finish(broadcaster: Broadcaster, health: Health) -> None:
    """What is in flight has the gateway's time-out to end; what it says is recorded."""
    failures = 0
    while broadcaster.in_flight or broadcaster.outcomes or broadcaster.queues:
        try:
            try:
                await asyncio.to_thread(broadcaster.release)
                await asyncio.to_thread(broadcaster.record, broadcaster.take_outcomes())
            except ServerChangedError:
                await broadcaster.reconcile()
        except Exception as error:
            pause = health.failed(NAME, error, "finish")
            failures += 1
            if failures > MOST_TRIES:
                log.error("runner.gave_up", runner=NAME, error=type(error).__name__)
                return  # the reaper finds what is left
            await asyncio.sleep(pause)
        if broadcaster.in_flight:
            await asyncio.wait(broadcaster.in_flight, return_when=asyncio.FIRST_COMPLETED)


def _seconds_until(moment: datetime, now: datetime) -> float:
    return max(0.0, (moment - now).total_seconds())

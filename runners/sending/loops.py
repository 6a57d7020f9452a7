"""Keeps a broadcaster going: it claims, hands over and records, all three at the same time.

Each of the three is a station: it does what there is to do, in a thread while the database works,
and then waits until it is rung for or its time comes. So the database and this process are both at
work, and a commit of one station is no pause for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from projections.database.engine import Listener
from projections.queue.sweep import CHANNEL
from runners.sending.claim import BATCH
from runners.sending.worker import Broadcaster
from runners.support.outages import LONGEST_WAIT, OUTAGES, back_off

log = structlog.get_logger()


async def broadcast(broadcaster: Broadcaster, stop: asyncio.Event) -> None:
    """Claims every few seconds, or sooner when woken, sends each message at its slot and records
    what became of it until ``stop`` is set; then lets what is in flight finish and releases the
    rest. A fault in one station sets ``stop`` too."""
    listener = Listener(broadcaster.container.database.url, CHANNEL)
    stations = Stations(broadcaster, listener)
    tasks = [
        asyncio.create_task(_keep(station, wait, stop))
        for station, wait in (
            (stations.claim, stations.wait_for_news),
            (stations.hand_over, stations.wait_until_ready),
            (stations.record, stations.wait_for_answers),
        )
    ]
    await stop.wait()
    stations.ring()
    await asyncio.wait(tasks)
    listener.close()
    for task in tasks:
        task.result()
    await _finish(broadcaster)
    await broadcaster.close()


async def play_out(broadcaster: Broadcaster) -> int:
    """One look: claims all that can be claimed now and sees it through; returns how many were
    claimed."""
    claimed = 0
    while taken := await asyncio.to_thread(broadcaster.claim):
        claimed += taken
    stations = Stations(broadcaster, Listener(broadcaster.container.database.url, CHANNEL))
    while True:
        wait = await stations.hand_over()
        await stations.record()
        if not (broadcaster.claims or broadcaster.in_flight or broadcaster.outcomes):
            await broadcaster.close()
            return claimed
        await _rung(broadcaster.answered, wait)


class Stations:
    """What each does once, and how it waits; all of it in the thread of the event loop."""

    def __init__(self, broadcaster: Broadcaster, listener: Listener) -> None:
        self.broadcaster = broadcaster
        self.listener = listener
        self.settings = broadcaster.container.settings
        self.clock = broadcaster.container.outreach.clock
        # Set when there may be room for more claims, or news of something due.
        self.room = asyncio.Event()
        self.handing_over = asyncio.Lock()

    def ring(self) -> None:
        """Whoever waits looks at once."""
        for bell in (self.room, self.broadcaster.ready, self.broadcaster.answered):
            bell.set()

    async def claim(self) -> float:
        """Claims if it is time to, and if less than a batch waits to be handed over, or to be
        recorded; what may go at once is handed over. Returns the seconds until the next look."""
        it = self.broadcaster
        # First listen, then look: what comes in between must not wait for the next look.
        if await asyncio.to_thread(self.listener.open):
            it.next_look = None
        now = self.clock()
        if it.next_look is None or now >= it.next_look:
            if it.claims.waiting(now) >= BATCH or len(it.outcomes) >= BATCH:
                return LONGEST_WAIT
            # Only one station at a time hands over: each would take the room for its own.
            async with nullcontext() if it.claims.waiting(now) else self.handing_over:
                taken = await asyncio.to_thread(it.look, it.behind(), it.room())
                it.hold(taken.slots)
                it.send(it.handed(taken.handed))
            every = 0.0 if it.more_is_due else self.settings.broadcast_every
            it.next_look = now + timedelta(seconds=every)
        return _seconds_until(it.next_look, self.clock())

    async def wait_for_news(self, seconds: float) -> None:
        """Until time is up, there may be room for more, or there is news of something due."""
        loop, descriptor = asyncio.get_running_loop(), self.listener.descriptor
        if descriptor is not None:
            loop.add_reader(descriptor, self.room.set)
        try:
            await _rung(self.room, seconds)
        finally:
            if descriptor is not None:
                loop.remove_reader(descriptor)
        if self.listener.drain():
            self.broadcaster.next_look = None

    async def hand_over(self) -> float:
        """Hands over what is due and sends it; returns the seconds until the next slot."""
        it = self.broadcaster
        async with self.handing_over:
            with it.taken() as slots:
                decided = await asyncio.to_thread(it.decide, slots)
            it.send(it.handed(decided))
        if slots:
            self.room.set()
        moment = it.claims.next_moment()
        return LONGEST_WAIT if moment is None else _seconds_until(moment, self.clock())

    async def wait_until_ready(self, seconds: float) -> None:
        """Until the next slot, or something else may go."""
        await _rung(self.broadcaster.ready, seconds)

    async def record(self) -> float:
        """Records outcomes and what gateways report; returns the seconds until they are asked
        again."""
        it = self.broadcaster
        await asyncio.to_thread(it.record, it.take_outcomes())
        self.room.set()
        await asyncio.to_thread(it.record_reports)
        return self.settings.broadcast_every

    async def wait_for_answers(self, seconds: float) -> None:
        """Until there is an outcome, or it is time to ask for reports."""
        await _rung(self.broadcaster.answered, seconds)


class Station(Protocol):
    """Does what there is to do; gives the seconds until it should look again."""

    __name__: str

    def __call__(self) -> Awaitable[float]: ...


async def _keep(
    station: Station,
    wait: Callable[[float], Awaitable[None]],
    stop: asyncio.Event,
) -> None:
    failures = 0
    while not stop.is_set():
        try:
            seconds = await station()
            failures = 0
        except OUTAGES as error:
            failures += 1
            seconds = back_off(failures)
            log.warning(
                "runner.waits",
                runner="broadcaster",
                station=station.__name__,
                error=type(error).__name__,
                seconds=seconds,
            )
            # What happens meanwhile is no reason to try sooner.
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
        except BaseException:
            stop.set()
            raise
        else:
            await wait(seconds)


async def _rung(bell: asyncio.Event, seconds: float) -> None:
    """Until the bell rings, ``seconds`` at most; then it is still."""
    with suppress(TimeoutError):
        async with asyncio.timeout(min(seconds, LONGEST_WAIT)):
            await bell.wait()
    bell.clear()


async def _finish(broadcaster: Broadcaster) -> None:
    """What is in flight has the gateway's time-out to end; what it says is recorded."""
    failures = 0
    while broadcaster.in_flight or broadcaster.outcomes or broadcaster.claims:
        try:
            await asyncio.to_thread(broadcaster.release)
            await asyncio.to_thread(broadcaster.record, broadcaster.take_outcomes())
        except OUTAGES as error:
            failures += 1
            if failures > 5:
                log.error("runner.gave_up", runner="broadcaster", error=type(error).__name__)
                return  # the reaper finds what is left
            await asyncio.sleep(back_off(failures))
        if broadcaster.in_flight:
            await asyncio.wait(broadcaster.in_flight, return_when=asyncio.FIRST_COMPLETED)


def _seconds_until(moment: datetime, now: datetime) -> float:
    return max(0.0, (moment - now).total_seconds())

"""Keeps runners going: on a schedule, through outages, until told to stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import psycopg2
import schedule
import sqlalchemy.exc
import structlog
from eventsourcing.persistence import PersistenceError

from domain.errors import ConflictError, StorageError
from projections.database import Listener
from projections.queue import CHANNEL
from runners.broadcaster import BATCH, Broadcaster

log = structlog.get_logger()

# What a runner survives: the database away or busy. Anything else is a fault and ends it.
OUTAGES = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    # The server ends a session that stood still in a transaction.
    sqlalchemy.exc.InternalError,
    sqlalchemy.exc.TimeoutError,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
    PersistenceError,
    ConflictError,
    StorageError,
)
LONGEST_WAIT = 60.0


def back_off(failures: int) -> float:
    """Seconds until the next try after that many failures in a row: 1, 2, 4, ... 60."""
    return min(LONGEST_WAIT, 2.0 ** min(failures - 1, 10))


def repeat(name: str, work: Callable[[], int], every: float, stop: threading.Event) -> None:
    """Does ``work`` now and then every ``every`` seconds until ``stop`` is set. When it fails it is
    tried again sooner, with growing pauses."""

    def job() -> None:
        failures = 0
        while not stop.is_set():
            try:
                done = work()
            except OUTAGES as error:
                failures += 1
                pause = back_off(failures)
                log.warning("runner.waits", runner=name, error=type(error).__name__, seconds=pause)
                stop.wait(pause)
            else:
                if done:
                    log.info("runner.worked", runner=name, count=done)
                return

    scheduler = schedule.Scheduler()
    scheduler.every(every).seconds.do(job)  # type: ignore[arg-type] # fractions are allowed
    job()
    while not stop.wait(max(0.0, scheduler.idle_seconds or 0.0)):
        scheduler.run_pending()


async def broadcast(broadcaster: Broadcaster, stop: asyncio.Event) -> None:
    """Claims every few seconds, or sooner when woken, and sends each message at its slot until
    ``stop`` is set; then lets what is in flight finish and releases the rest."""
    listener = Listener(broadcaster.house.database.url, CHANNEL)
    failures = 0
    while not stop.is_set():
        try:
            # First listen, then look: what comes in between must not wait for the next look.
            if await asyncio.to_thread(listener.open):
                broadcaster.next_look = None
            wait = await _look(broadcaster)
            failures = 0
        except OUTAGES as error:
            failures += 1
            wait = back_off(failures)
            log.warning(
                "runner.waits", runner="broadcaster", error=type(error).__name__, seconds=wait
            )
            # Answers that come meanwhile cannot be recorded: they are no reason to try sooner.
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            continue
        await _wait(broadcaster, stop, listener, wait)
    listener.close()
    await _finish(broadcaster)
    await broadcaster.close()


async def play_out(broadcaster: Broadcaster) -> int:
    """One look: claims all that can be claimed now and sees it through; returns how many were
    claimed."""
    claimed = 0
    while taken := await asyncio.to_thread(broadcaster.claim):
        claimed += taken
    while True:
        wait = await _step(broadcaster)
        if not (broadcaster.claims or broadcaster.in_flight or broadcaster.outcomes):
            await broadcaster.close()
            return claimed
        with suppress(TimeoutError):
            await asyncio.wait_for(broadcaster.answered.wait(), wait)


async def _look(broadcaster: Broadcaster) -> float:
    """Claims if it is time to and does what is due; returns the seconds until there is more."""
    clock = broadcaster.house.outreach.clock
    now = clock()
    if broadcaster.next_look is None or now >= broadcaster.next_look:
        claimed = await asyncio.to_thread(broadcaster.claim)
        every = 0.0 if claimed >= BATCH // 2 else broadcaster.house.settings.broadcast_every
        broadcaster.next_look = now + timedelta(seconds=every)
    wait = await _step(broadcaster)
    return min(wait, _seconds_until(broadcaster.next_look, clock()))


async def _step(broadcaster: Broadcaster) -> float:
    """Hands over and records what is due; returns the seconds until the next slot, at most 60."""
    broadcaster.send(await asyncio.to_thread(broadcaster.hand_over))
    await asyncio.to_thread(broadcaster.record, broadcaster.take_outcomes())
    await asyncio.to_thread(broadcaster.record_reports)
    moment = broadcaster.claims.next_moment()
    if moment is None:
        return LONGEST_WAIT
    return min(LONGEST_WAIT, _seconds_until(moment, broadcaster.house.outreach.clock()))


async def _wait(
    broadcaster: Broadcaster, stop: asyncio.Event, listener: Listener, seconds: float
) -> None:
    """Until time is up, an outcome came, there is news of something due, or it is to stop."""
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    descriptor = listener.descriptor
    if descriptor is not None:
        loop.add_reader(descriptor, news.set)
    waits = {asyncio.create_task(event.wait()) for event in (broadcaster.answered, stop, news)}
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        if descriptor is not None:
            loop.remove_reader(descriptor)
    if news.is_set() and listener.drain():
        broadcaster.next_look = None


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

"""Repeats a runner's work on a schedule, through outages, until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg2
import schedule
import sqlalchemy.exc
import structlog
from eventsourcing.persistence import PersistenceError

from domain.errors import ConflictError, StorageError

log = structlog.get_logger()

# What a runner survives: a database that is away or busy. Any other error is a fault and ends it.
OUTAGES = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    # The server ends a session that is idle in a transaction for too long.
    sqlalchemy.exc.InternalError,
    sqlalchemy.exc.TimeoutError,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
    PersistenceError,
    ConflictError,
    StorageError,
)
# Seconds.
LONGEST_WAIT = 60.0


def back_off(failures: int) -> float:
    """Seconds until the next attempt after ``failures`` failures in a row: 1, 2, 4, ... 60."""
    return min(LONGEST_WAIT, 2.0 ** min(failures - 1, 10))


def repeat(name: str, work: Callable[[], int], every: float, stop: threading.Event) -> None:
    """Does ``work`` at once and then every ``every`` seconds, until ``stop`` is set.

    ``work`` returns how much it did, which is logged under ``name``. After an outage it is done
    again sooner, with growing pauses. Any other error is raised.
    """

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
    # The schedule is by the machine's clock. Where that was put back the next turn may seem to be
    # hours away.
    while not stop.wait(min(every, max(0.0, scheduler.idle_seconds or 0.0))):
        if (scheduler.idle_seconds or 0.0) > every:
            scheduler.run_all()
        scheduler.run_pending()

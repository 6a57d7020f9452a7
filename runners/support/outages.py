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
from projections.database import faults

log = structlog.get_logger()

# The kinds of errors that may be outages; ``is_outage`` says of one whether it is.
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


def is_outage(error: BaseException) -> bool:
    """Whether a runner waits after ``error`` and tries again: the database is away, read-only, full
    or busy, or somebody else was faster. Any other error is a fault."""
    kinds = (PersistenceError, ConflictError, StorageError)
    return isinstance(error, kinds) or faults.outage(error) is not None


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
            except Exception as error:
                if not is_outage(error):
                    raise
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

"""Outages: what a runner waits for, and how long."""

from __future__ import annotations

import psycopg2
import sqlalchemy.exc
from eventsourcing.persistence import PersistenceError

from domain.errors import ConflictError, StorageError

# A database that is away or busy, and work that somebody else did first.
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


def is_outage(error: BaseException) -> bool:
    """Whether a runner waits after ``error`` and tries again: the database is away or busy, or
    somebody else was faster. Any other error is a fault."""
    return isinstance(error, OUTAGES)


def back_off(failures: int, longest: float) -> float:
    """Seconds until the next attempt after ``failures`` failures in a row: 1, 2, 4, ... and
    ``longest`` at most."""
    return min(longest, 2.0 ** min(failures - 1, 10))

"""Outages: what a runner waits for, and how long."""

from __future__ import annotations

from eventsourcing.persistence import PersistenceError

from domain.errors import ConflictError, StorageError
from projections.database import faults


def is_outage(error: BaseException) -> bool:
    """Whether a runner waits after ``error`` and tries again: the database is away, read-only, full
    or busy, or somebody else was faster. Any other error is a fault."""
    known = (PersistenceError, ConflictError, StorageError)
    return isinstance(error, known) or faults.outage(error) is not None


def back_off(failures: int, longest: float) -> float:
    """Seconds until the next attempt after ``failures`` failures in a row: 1, 2, 4, ... and
    ``longest`` at most."""
    return min(longest, 2.0 ** min(failures - 1, 10))

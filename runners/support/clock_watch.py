"""The clock watch: compares this process's clock with the database's.

A process whose clock is wrong by more than a minute claims and dispatches nothing until it is right
again; what it has on its way is recorded as ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from domain.clocks import Comparison, Verdict, judge
from projections.config import metrics
from projections.database.engine import Database
from projections.queries import database_clock

log = structlog.get_logger()

# Seconds between two comparisons.
EVERY = 60.0
# Seconds that runners wait for the first one at most.
FIRST_LOOK = 10.0


class ClockWatch:
    """Knows whether ``clock`` is one to work by. Until the first look it is taken to be."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock
        self.verdict: Verdict = "right"
        # Set once there was a look, or an attempt.
        self.looked = threading.Event()

    def clock_is_right(self) -> bool:
        """Whether this process may claim and dispatch, and end what others claimed."""
        return self.verdict != "wrong"

    def look(self) -> int:
        """Compares the clocks once, and reports a difference. Returns 0: there is nothing that a
        comparison does."""
        try:
            self._judge(database_clock.compare(self.database, self.clock))
        finally:
            self.looked.set()
        return 0

    def _judge(self, compared: Comparison) -> None:
        seconds = round(compared.difference.total_seconds(), 3)
        metrics.clock_difference(seconds)
        earlier, self.verdict = self.verdict, judge(compared)
        if self.verdict != "right":
            log.warning("clock.differs", seconds=seconds)
        if self.verdict == "wrong" != earlier:
            log.error("clock.is_wrong", seconds=seconds, effect="claims and dispatches nothing")
        elif earlier == "wrong" != self.verdict:
            log.warning("clock.is_right_again", seconds=seconds)


def always_right() -> bool:
    """What holds where nobody watches: a simulated clock is what time it is."""
    return True

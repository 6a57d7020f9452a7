"""How the runners of one process fare: when each worked last, and what keeps it from working.

Nothing that happens to one runner ends the process or the other runners: it is logged, counted, and
tried again after a pause that grows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
import structlog

from domain.errors import SendtrailError, place
from projections.config import metrics
from runners.support.outages import back_off, is_outage

log = structlog.get_logger()

# Seconds of the longest pause after a fault, and after an outage, which may end at any moment.
AFTER_FAULT, AFTER_OUTAGE = 60.0, 2.0


class RunnerState(msgspec.Struct):
    """One runner.

    ``failures`` counts those in a row, ``error`` is the kind of the last of them; ``faults`` counts
    all that were no outage, since the process began.
    """

    worked_at: datetime | None = None
    failed_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    faults: int = 0


class Health:
    """The states of the runners ``names``; ``clock`` gives the present instant."""

    def __init__(self, names: Iterable[str], clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.states = {name: RunnerState() for name in names}
        # Failures in a row of each step of a runner that has several.
        self._in_a_row: Counter[tuple[str, str | None]] = Counter()

    def worked(self, name: str, step: str | None = None) -> None:
        """The runner did what there was to do, or one ``step`` of it did."""
        state = self.states[name]
        state.worked_at = self._clock()
        self._in_a_row.pop((name, step), None)
        if not any(failing == name for failing, _ in self._in_a_row):
            state.failures, state.error = 0, None

    def failed(self, name: str, error: Exception, step: str | None = None) -> float:
        """The runner, or that ``step`` of it, could not work; returns the seconds to wait before it
        tries again."""
        state = self.states[name]
        state.failed_at, state.error = self._clock(), type(error).__name__
        self._in_a_row[name, step] += 1
        failures = state.failures = self._in_a_row[name, step]
        facts: dict[str, Any] = {} if step is None else {"step": step}
        if isinstance(error, SendtrailError):  # its text is safe to log
            facts["reason"] = str(error)
        if is_outage(error):
            seconds = back_off(failures, AFTER_OUTAGE)
            log.warning("runner.waits", runner=name, error=state.error, seconds=seconds, **facts)
            return seconds
        state.faults += 1
        seconds = back_off(failures, AFTER_FAULT)
        metrics.runner_failed(name)
        log.error(
            "runner.failed",
            runner=name,
            error=state.error,
            where=place(error),
            seconds=seconds,
            **facts,
        )
        return seconds

"""Repeats a runner's work on a schedule, through outages and faults, until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter

import schedule
import structlog

from runners.support.health import Health

log = structlog.get_logger()


def repeat(
    name: str, work: Callable[[], int], every: float, stop: threading.Event, health: Health
) -> None:
    """Does ``work`` at once and then every ``every`` seconds, until ``stop`` is set.

    ``work`` returns how much it did, which is logged under ``name``. After an error it is done
    again after the pause that ``health`` says.
    """

    def job() -> None:
        while not stop.is_set():
            began = perf_counter()
            try:
                done = work()
            except Exception as error:
                stop.wait(health.failed(name, error))
            else:
                health.worked(name)
                if done:
                    ms = round((perf_counter() - began) * 1000, 1)
                    log.info("runner.worked", runner=name, count=done, ms=ms)
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

"""Several processes that begin at one moment, and how long they take together.

Each process prepares itself (imports, connections), waits for all others, works, and notes when it
had something committed. The time counts from the moment the first of them is let go until the last
thing any of them had committed: neither start-up nor the end of a process is part of it.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter, process_time
from typing import Any, NamedTuple

# Seconds after which a process that should be ready is taken for lost.
PATIENCE = 120

_member: Member


class Member:
    """One process of a crew, as its work sees it."""

    def __init__(self, barrier: Any, left: Any) -> None:
        self._barrier = barrier
        self._left = left
        self.began = (0.0, 0.0)
        self.ended = (0.0, 0.0)

    def begin(self) -> None:
        """Waits until every process of the crew is ready."""
        # What every Sendtrail process does at its start: batches are short-lived and have no
        # cycles. Whoever it is compared with gets it too.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        self._barrier.wait(PATIENCE)
        self.began = perf_counter(), process_time()

    def did(self, count: int) -> None:
        """So much of the common work is committed now."""
        self.ended = perf_counter(), process_time()
        with self._left.get_lock():
            self._left.value -= count

    @property
    def over(self) -> bool:
        """Whether nothing of the common work is left."""
        return bool(self._left.value <= 0)


# Picklable; calls ``begin`` once, and ``did`` after whatever it had committed.
Work = Callable[[Member], None]


class Taken(NamedTuple):
    """Seconds by the clock, and of processor time of all processes of the crew together."""

    seconds: float
    processor: float


def run(works: Sequence[Work], count: int) -> Taken:
    """Does each of the works in a process of its own; together they have to do ``count``."""
    # Processes that share nothing: a forked one would inherit connections.
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(works))
    left = context.Value("q", count)
    with ProcessPoolExecutor(len(works), context, _join, (barrier, left)) as pool:
        times = list(pool.map(_do, works))
    assert left.value == 0, f"{left.value} of {count} left"
    first = min(began for (began, _), _ in times)
    return Taken(
        max(ended for _, (ended, _) in times) - first,
        sum(max(0.0, after - before) for (_, before), (_, after) in times),
    )


def rate(works: Sequence[Work], count: int) -> float:
    """``count`` per second."""
    return count / run(works, count).seconds


def _join(barrier: Any, left: Any) -> None:
    global _member
    _member = Member(barrier, left)


def _do(work: Work) -> tuple[tuple[float, float], tuple[float, float]]:
    try:
        work(_member)
    except BaseException:
        _member._barrier.abort()  # nobody must wait for this one
        raise
    return _member.began, _member.ended

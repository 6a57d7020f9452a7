"""Several processes that begin at one moment, and how long they take together.

Each process prepares itself (imports, connections), waits for all others, works, and notes when it
had something committed. The time counts from the moment the first of them is let go until the last
thing any of them had committed: neither start-up nor the end of a process is part of it.
"""

from __future__ import annotations

import gc
import multiprocessing
import resource
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import BrokenBarrierError
from time import perf_counter, process_time
from typing import Any, NamedTuple

# Seconds after which a process that should be ready is taken for lost.
PATIENCE = 120

# What the processes of a crew share: barriers by how many they are for, and what is left to do.
_shared: tuple[dict[int, Any], Any]


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

    def abort(self) -> None:
        """Lets go the others, who must not wait for this one."""
        self._barrier.abort()

    @property
    def over(self) -> bool:
        """Whether nothing of the common work is left."""
        return bool(self._left.value <= 0)


# Picklable; calls ``begin`` once, and ``did`` after whatever it had committed.
Work = Callable[[Member], None]


class Taken(NamedTuple):
    """Seconds by the clock; seconds of processor time of all processes together; and the most
    memory (resident set, MiB) that one of them ever had, interpreter and libraries included."""

    seconds: float
    processor: float
    peak: float


class Crew:
    """Processes that are kept for one work after the other; ``sizes`` says how many of them work
    at a time. They share nothing: a forked one would inherit connections."""

    def __init__(self, sizes: Iterable[int]) -> None:
        context = multiprocessing.get_context("spawn")
        barriers = {size: context.Barrier(size) for size in sizes}
        self._left = context.Value("q", 0)
        self._pool = ProcessPoolExecutor(max(barriers), context, _join, (barriers, self._left))

    def run(self, works: Sequence[Work], count: int, *, exact: bool = True) -> Taken:
        """Does each of the works in a process of its own; together they have to do ``count``, or,
        if that is not ``exact``, at least so much."""
        self._left.value = count
        futures = [self._pool.submit(_do, work, len(works)) for work in works]
        failures = [error for future in futures if (error := future.exception()) is not None]
        if failures:
            # Those that waited for one that failed have nothing to tell.
            raise min(failures, key=lambda error: isinstance(error, BrokenBarrierError))
        notes = [future.result() for future in futures]
        left = self._left.value
        assert left == 0 or (left < 0 and not exact), f"{left} of {count} left"
        first = min(note.began[0] for note in notes)
        return Taken(
            max(note.ended[0] for note in notes) - first,
            sum(max(0.0, note.ended[1] - note.began[1]) for note in notes),
            max(note.peak for note in notes),
        )

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()


def run(works: Sequence[Work], count: int, *, exact: bool = True) -> Taken:
    """Like ``Crew.run``, in new processes."""
    with Crew([len(works)]) as crew:
        return crew.run(works, count, exact=exact)


def rate(works: Sequence[Work], count: int) -> float:
    """``count`` per second."""
    return count / run(works, count).seconds


def peak() -> float:
    """The most memory that this process ever had resident, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count what the parent had when it made this process.
        [line] = [each for each in status.read_text().splitlines() if each.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


class _Note(NamedTuple):
    began: tuple[float, float]
    ended: tuple[float, float]
    peak: float


def _join(barriers: dict[int, Any], left: Any) -> None:
    global _shared
    _shared = barriers, left


def _do(work: Work, size: int) -> _Note:
    barriers, left = _shared
    member = Member(barriers[size], left)
    try:
        work(member)
    except BaseException:
        member.abort()
        raise
    return _Note(member.began, member.ended, peak())

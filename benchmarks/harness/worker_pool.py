"""Several processes that begin at one moment, and how long they take together.

Each process prepares itself (imports, connections), waits for all others, works, and notes when it
had something committed. The time counts from the moment when the first process is let go until the
last commit of any of them. Neither the start nor the end of a process is part of the time.
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

# Seconds after which a process that should be ready counts as lost.
READY_TIMEOUT = 120

# What the processes of a pool share: barriers by the number of processes that each is for, and how
# much of the common work is left.
_shared: tuple[dict[int, Any], Any]


class PoolWorker:
    """One process of a pool, as its task sees it."""

    def __init__(self, barrier: Any, left: Any) -> None:
        self._barrier = barrier
        self._left = left
        # Wall-clock seconds and processor seconds.
        self.began = (0.0, 0.0)
        self.ended = (0.0, 0.0)

    def begin(self) -> None:
        """Wait until every process of the pool is ready.

        Raises BrokenBarrierError if another process failed or was not ready in time.
        """
        # What every Sendtrail process does at its start: batches are short-lived and have no
        # cycles. The contenders get it too.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        self._barrier.wait(READY_TIMEOUT)
        self.began = perf_counter(), process_time()

    def add_committed(self, count: int) -> None:
        """Note that ``count`` more units of the common work are committed now."""
        self.ended = perf_counter(), process_time()
        with self._left.get_lock():
            self._left.value -= count

    def abort(self) -> None:
        """Release the other processes, which must not wait for this one."""
        self._barrier.abort()

    @property
    def left(self) -> int:
        """How many units of the common work are left; negative if there were more."""
        return int(self._left.value)

    @property
    def finished(self) -> bool:
        """Whether nothing of the common work is left."""
        return self.left <= 0


# Picklable; calls ``begin`` once, and ``add_committed`` after each commit.
Task = Callable[[PoolWorker], None]


class PoolResult(NamedTuple):
    """What the processes of one run needed.

    ``seconds`` are wall-clock time. ``processor_seconds`` are the processor time of all processes
    together. ``peak_memory`` is the most memory (resident set, MiB) that one of the processes ever
    had, interpreter and libraries included.
    """

    seconds: float
    processor_seconds: float
    peak_memory: float


class WorkerPool:
    """Processes that are kept for one run after the other.

    ``sizes`` are the numbers of processes that runs will need. The processes are spawned: a forked
    one would inherit connections.
    """

    def __init__(self, sizes: Iterable[int]) -> None:
        context = multiprocessing.get_context("spawn")
        barriers = {size: context.Barrier(size) for size in sizes}
        self._left = context.Value("q", 0)
        self._executor = ProcessPoolExecutor(
            max(barriers), context, _share_with_process, (barriers, self._left)
        )

    def run(self, tasks: Sequence[Task], count: int, *, exact: bool = True) -> PoolResult:
        """Run each task in a process of its own; the number of tasks is one of the pool's sizes.

        Together the tasks have to commit ``count`` units, or at least so many if not ``exact``;
        AssertionError otherwise. A failure of a task is raised here.
        """
        self._left.value = count
        futures = [self._executor.submit(_run_task, task, len(tasks)) for task in tasks]
        failures = [error for future in futures if (error := future.exception()) is not None]
        if failures:
            # A broken barrier says only that some other task failed.
            raise min(failures, key=lambda error: isinstance(error, BrokenBarrierError))
        times = [future.result() for future in futures]
        left = self._left.value
        assert left == 0 or (left < 0 and not exact), f"{left} of {count} left"
        first_begin = min(each.began[0] for each in times)
        return PoolResult(
            max(each.ended[0] for each in times) - first_begin,
            sum(max(0.0, each.ended[1] - each.began[1]) for each in times),
            max(each.peak_memory for each in times),
        )

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()


def run(tasks: Sequence[Task], count: int, *, exact: bool = True) -> PoolResult:
    """Run the tasks as ``WorkerPool.run`` does, in new processes."""
    with WorkerPool([len(tasks)]) as pool:
        return pool.run(tasks, count, exact=exact)


def rate(tasks: Sequence[Task], count: int) -> float:
    """Run the tasks in new processes; returns ``count`` per second."""
    return count / run(tasks, count).seconds


def peak_memory() -> float:
    """The most memory that this process ever had resident, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count what the parent had when it made this process.
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


class _TaskTimes(NamedTuple):
    began: tuple[float, float]
    ended: tuple[float, float]
    peak_memory: float


def _share_with_process(barriers: dict[int, Any], left: Any) -> None:
    global _shared
    _shared = barriers, left


def _run_task(task: Task, size: int) -> _TaskTimes:
    barriers, left = _shared
    worker = PoolWorker(barriers[size], left)
    try:
        task(worker)
    except BaseException:
        worker.abort()
        raise
    return _TaskTimes(worker.began, worker.ended, peak_memory())

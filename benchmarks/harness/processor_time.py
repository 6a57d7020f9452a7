"""Where the processor's time goes: the processes of a pool, and the PostgreSQL that they use."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import Value
from pathlib import Path
from statistics import median
from threading import Barrier

import psutil
from sqlalchemy import create_engine

from benchmarks.harness import worker_pool
from benchmarks.harness.postgres_fixture import driver_url
from benchmarks.harness.worker_pool import PoolWorker, Task


class ProcessorTime:
    """Milliseconds of processor time for each unit of work, by who spent them, round by round.

    ``name`` says what the unit is, ``processes`` who the processes of the pool are.
    """

    def __init__(self, name: str, processes: str) -> None:
        self.name = name
        self.processes = processes
        self._rounds: list[dict[str, float]] = []

    def rate(
        self, url: str, tasks: Sequence[Task], count: int, gateway: psutil.Process | None = None
    ) -> float:
        """Run the tasks as ``worker_pool.rate`` does, and note the processor time as one round.

        The share of PostgreSQL includes connecting and autovacuum, and is known only if the server
        runs on this machine. ``gateway`` is the process of a gateway's server, if there is one.
        """
        server = postmaster(url)
        before = server_seconds(server), _process_seconds(gateway)
        result = worker_pool.run(tasks, count)
        after = server_seconds(server), _process_seconds(gateway)
        seconds = {self.processes: result.processor_seconds}
        if server is not None:
            seconds["PostgreSQL"] = after[0] - before[0]
        if gateway is not None:
            seconds["the gateway's server"] = after[1] - before[1]
        self._rounds.append({name: 1000 * spent / count for name, spent in seconds.items()})
        return count / result.seconds

    def summary(self) -> str:
        """One line with the medians of the rounds."""
        parts = ", ".join(
            f"{name} {median(each[name] for each in self._rounds):.3f}" for name in self._rounds[0]
        )
        return f"processor time, ms each, {self.name}: {parts}"


def postmaster(url: str) -> psutil.Process | None:
    """The parent of all processes of the server; None if the server is not on this machine."""
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            try:
                backend = psutil.Process(pid)
                return backend.parent() if "postgres" in backend.name() else None
            except psutil.NoSuchProcess:
                return None
    finally:
        engine.dispose()


def server_seconds(server: psutil.Process | None) -> float:
    """Seconds so far of the server's processes, including those that have ended."""
    if server is None:
        return 0.0
    while True:
        before = server.cpu_times()
        seconds = float(sum(before[:4]))
        with suppress(psutil.NoSuchProcess):
            seconds += sum(map(_backend_seconds, server.children()))
            # A process that ended meanwhile is in neither of the two, or in both.
            if server.cpu_times()[2:4] == before[2:4]:
                return seconds


class _InlineWorker(PoolWorker):
    """The only process of a pool: this one."""

    def __init__(self, server: psutil.Process, count: int) -> None:
        super().__init__(Barrier(1), Value("q", count))
        self._server = server

    def begin(self) -> None:
        """Note what the server has spent so far."""
        self.server_began = server_seconds(self._server)
        super().begin()


def inline_rate(server: psutil.Process, task: Task, count: int) -> float:
    """Run the task in this process; returns ``count`` for each second of processor time, of this
    process and of PostgreSQL together, from the task's ``begin`` on.

    AssertionError if the task does not commit exactly ``count`` units.
    """
    worker = _InlineWorker(server, count)
    task(worker)
    assert worker.left == 0, f"{worker.left} of {count} left"
    spent = server_seconds(server) - worker.server_began
    return count / (worker.ended[1] - worker.began[1] + spent)


def family_seconds(pid: int) -> float:
    """Seconds so far of the process and the processes that it has made."""
    parent = psutil.Process(pid)
    return sum(map(_process_seconds, (parent, *parent.children(recursive=True))))


def _backend_seconds(process: psutil.Process) -> float:
    """Of a process with one thread: exactly, where the kernel says so; elsewhere in ticks, of which
    a short piece of work takes few. Raises NoSuchProcess if it has ended."""
    try:
        return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return _process_seconds(process)


def _process_seconds(process: psutil.Process | None) -> float:
    return 0.0 if process is None else float(sum(process.cpu_times()[:2]))

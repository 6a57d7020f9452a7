"""Where the processor's time goes: the processes of a pool, and the PostgreSQL that they use."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import psutil
from sqlalchemy import create_engine

from benchmarks.harness import worker_pool
from benchmarks.harness.postgres_fixture import driver_url
from benchmarks.harness.worker_pool import Task


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
    seconds = float(sum(server.cpu_times()[:4]))
    for child in server.children():
        try:
            seconds += _process_seconds(child)
        except psutil.NoSuchProcess:  # by now it is among those that have ended
            continue
    return seconds


def family_seconds(pid: int) -> float:
    """Seconds so far of the process and the processes that it has made."""
    parent = psutil.Process(pid)
    return sum(map(_process_seconds, (parent, *parent.children(recursive=True))))


def _process_seconds(process: psutil.Process | None) -> float:
    return 0.0 if process is None else float(sum(process.cpu_times()[:2]))

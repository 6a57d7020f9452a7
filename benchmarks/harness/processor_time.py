"""Where the processor's time goes: a crew's processes and the PostgreSQL that they talk to."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import psutil
from sqlalchemy import create_engine

from benchmarks.harness import worker_pool
from benchmarks.harness.postgres_fixture import driver_url
from benchmarks.harness.worker_pool import Work


class Shares:
    """Milliseconds of processor time for each of a crew's tasks, of its processes and of the
    server, round by round."""

    def __init__(self, name: str, processes: str) -> None:
        self.name = name
        self.processes = processes
        self._rounds: list[dict[str, float]] = []

    def rate(
        self, url: str, works: Sequence[Work], count: int, other: psutil.Process | None = None
    ) -> float:
        """Does the works as ``crew.rate`` does, and takes note. The server's share includes that of
        connecting and of autovacuum, and is known only if it runs on this machine. ``other`` is one
        more process that takes part."""
        server = postmaster(url)
        before = _spent(server), _own(other)
        taken = worker_pool.run(works, count)
        after = _spent(server), _own(other)
        share = {self.processes: taken.processor}
        if server is not None:
            share["PostgreSQL"] = after[0] - before[0]
        if other is not None:
            share["the gateway's server"] = after[1] - before[1]
        self._rounds.append({name: 1000 * spent / count for name, spent in share.items()})
        return count / taken.seconds

    def told(self) -> str:
        """The medians, in words."""
        parts = ", ".join(
            f"{name} {median(r[name] for r in self._rounds):.3f}" for name in self._rounds[0]
        )
        return f"processor time, ms each, {self.name}: {parts}"


def postmaster(url: str) -> psutil.Process | None:
    """The server's first process, whose children all others are; None if it is not on this
    machine."""
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


def _spent(server: psutil.Process | None) -> float:
    """Seconds so far of the server's processes, of those that have ended too."""
    if server is None:
        return 0.0
    spent = float(sum(server.cpu_times()[:4]))
    for child in server.children():
        try:
            spent += _own(child)
        except psutil.NoSuchProcess:  # by now it is among those that have ended
            continue
    return spent


def _own(process: psutil.Process | None) -> float:
    return 0.0 if process is None else float(sum(process.cpu_times()[:2]))

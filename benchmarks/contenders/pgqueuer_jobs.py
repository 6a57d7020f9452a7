"""pgqueuer: jobs as many as Sendtrail has messages, enqueued and worked off as fast as it can.

It runs as it is installed by default, durably (no unlogged table), with asyncpg, which is the
fastest of its drivers, on uvloop, as its own command line does, with the autovacuum settings that
it recommends. A job's payload is what Sendtrail's event of a scheduled message holds.

The sizes below are the best of those that ``tune_pgqueuer`` tried on two cores, by the median of
three rounds of 20,000 jobs.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
import uvloop
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver, Driver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from benchmarks.harness.sample_events import batches
from benchmarks.harness.worker_pool import Member

ENTRYPOINT = "send"
# Jobs to an enqueue.
ENQUEUE = 2000
# Jobs to a dequeue, and at most in progress (None: no limit).
BATCH = 500
CONCURRENT: int | None = None
# What a worker talks to the server with: one connection, or a pool of so many.
POOL: int | None = None


def install(url: str) -> None:
    """Makes pgqueuer's tables."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        queries = Queries(AsyncpgDriver(connection))
        await queries.install()
        await queries.optimize_autovacuum()
        await connection.close()

    uvloop.run(run())


def payloads(count: int) -> list[bytes | None]:
    """As many payloads, each the JSON of a scheduled message."""
    [events] = batches(count, count)
    return [msgspec.json.encode(event) for event in events]


def fill(url: str, count: int) -> None:
    """Enqueues so many jobs."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        queries = Queries(AsyncpgDriver(connection))
        for data in _pieces(payloads(count), 5000):
            await _enqueue(queries, data)
        await connection.close()

    uvloop.run(run())


@dataclass(frozen=True)
class Enqueuing:
    """``count`` jobs, ``batch`` to a call; the payloads are made beforehand."""

    url: str
    count: int
    batch: int = ENQUEUE

    def __call__(self, member: Member) -> None:
        uvloop.run(self._run(member))

    async def _run(self, member: Member) -> None:
        connection = await asyncpg.connect(self.url)
        queries = Queries(AsyncpgDriver(connection))
        pieces = _pieces(payloads(self.count), self.batch)
        member.begin()
        for data in pieces:
            await _enqueue(queries, data)
            member.did(len(data))
        await connection.close()


@dataclass(frozen=True)
class Working:
    """A worker whose job does nothing; it is done when its outcome is logged."""

    url: str
    batch: int = BATCH
    concurrent: int | None = CONCURRENT
    pool: int | None = POOL

    def __call__(self, member: Member) -> None:
        # A worker that is told to stop says so.
        logging.getLogger("pgqueuer").setLevel(logging.ERROR)
        uvloop.run(self._run(member))

    async def _run(self, member: Member) -> None:
        driver: Driver
        connections: Any
        if self.pool is None:
            connections = await asyncpg.connect(self.url)
            driver = AsyncpgDriver(connections)
        else:
            connections = await asyncpg.create_pool(
                self.url, min_size=self.pool, max_size=self.pool
            )
            driver = AsyncpgPoolDriver(connections)
        manager = QueueManager(_Counted(driver, member))

        @manager.entrypoint(ENTRYPOINT)
        async def send(job: Job) -> None:
            pass

        member.begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_stop(manager, member))
            await manager.run(batch_size=self.batch, max_concurrent_tasks=self.concurrent)
        await connections.close()


class _Counted(Queries):
    """Counts what is logged as done."""

    def __init__(self, driver: Driver, member: Member) -> None:
        super().__init__(driver)
        self._member = member

    async def log_jobs(self, job_status: list[tuple[Job, Any, Any]]) -> None:
        await super().log_jobs(job_status)
        self._member.did(len(job_status))


async def _stop(manager: QueueManager, member: Member) -> None:
    while not member.over:
        await asyncio.sleep(0.02)
    manager.shutdown.set()


async def _enqueue(queries: Queries, data: list[bytes | None]) -> None:
    await queries.enqueue([ENTRYPOINT] * len(data), data, [0] * len(data))


def _pieces(data: list[bytes | None], size: int) -> list[list[bytes | None]]:
    return [data[start : start + size] for start in range(0, len(data), size)]

"""pgqueuer: as many jobs as Sendtrail has messages, enqueued and worked off as fast as it can.

pgqueuer runs as it is installed by default, durably (no unlogged table), with asyncpg, which is the
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

from benchmarks.harness.sample_events import create_batches
from benchmarks.harness.worker_pool import PoolWorker

ENTRYPOINT = "send"
# Jobs to an enqueue.
ENQUEUE_BATCH = 2000
# Jobs to a dequeue.
DEQUEUE_BATCH = 500
# Jobs in progress at most; None is no limit.
CONCURRENT_JOBS: int | None = None
# Connections in a worker's pool; None is one connection without a pool.
POOL_SIZE: int | None = None


def create_tables(url: str) -> None:
    """Create pgqueuer's tables in the database at ``url``."""

    async def create() -> None:
        connection = await asyncpg.connect(url)
        queries = Queries(AsyncpgDriver(connection))
        await queries.install()
        await queries.optimize_autovacuum()
        await connection.close()

    uvloop.run(create())


def payloads(count: int) -> list[bytes | None]:
    """As many payloads, each the JSON of a scheduled message."""
    [events] = create_batches(count, count)
    return [msgspec.json.encode(event) for event in events]


def enqueue_jobs(url: str, count: int) -> None:
    """Enqueue so many jobs, for workers to find."""

    async def enqueue() -> None:
        connection = await asyncpg.connect(url)
        queries = Queries(AsyncpgDriver(connection))
        for batch in _batches(payloads(count), 5000):
            await _enqueue(queries, batch)
        await connection.close()

    uvloop.run(enqueue())


@dataclass(frozen=True)
class EnqueueTask:
    """Enqueues ``count`` jobs, ``batch_size`` to a call; the payloads are made beforehand."""

    url: str
    count: int
    batch_size: int = ENQUEUE_BATCH

    def __call__(self, worker: PoolWorker) -> None:
        """Connect, wait for the others, enqueue."""
        uvloop.run(self._run(worker))

    async def _run(self, worker: PoolWorker) -> None:
        connection = await asyncpg.connect(self.url)
        queries = Queries(AsyncpgDriver(connection))
        batches = _batches(payloads(self.count), self.batch_size)
        worker.begin()
        for batch in batches:
            await _enqueue(queries, batch)
            worker.add_committed(len(batch))
        await connection.close()


@dataclass(frozen=True)
class DequeueTask:
    """A worker whose job does nothing; a job is done when its outcome is logged."""

    url: str
    batch_size: int = DEQUEUE_BATCH
    concurrent_jobs: int | None = CONCURRENT_JOBS
    pool_size: int | None = POOL_SIZE

    def __call__(self, worker: PoolWorker) -> None:
        """Connect, wait for the others, work until the common work is finished."""
        # pgqueuer logs when a worker is told to stop.
        logging.getLogger("pgqueuer").setLevel(logging.ERROR)
        uvloop.run(self._run(worker))

    async def _run(self, worker: PoolWorker) -> None:
        driver: Driver
        connections: Any
        if self.pool_size is None:
            connections = await asyncpg.connect(self.url)
            driver = AsyncpgDriver(connections)
        else:
            connections = await asyncpg.create_pool(
                self.url, min_size=self.pool_size, max_size=self.pool_size
            )
            driver = AsyncpgPoolDriver(connections)
        manager = QueueManager(_CountingQueries(driver, worker))

        @manager.entrypoint(ENTRYPOINT)
        async def send(job: Job) -> None:
            pass

        worker.begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_stop_when_finished(manager, worker))
            await manager.run(batch_size=self.batch_size, max_concurrent_tasks=self.concurrent_jobs)
        await connections.close()


class _CountingQueries(Queries):
    """Counts the jobs that are logged as done."""

    def __init__(self, driver: Driver, worker: PoolWorker) -> None:
        super().__init__(driver)
        self._worker = worker

    async def log_jobs(self, job_status: list[tuple[Job, Any, Any]]) -> None:
        await super().log_jobs(job_status)
        self._worker.add_committed(len(job_status))


async def _stop_when_finished(manager: QueueManager, worker: PoolWorker) -> None:
    while not worker.finished:
        await asyncio.sleep(0.02)
    manager.shutdown.set()


async def _enqueue(queries: Queries, batch: list[bytes | None]) -> None:
    await queries.enqueue([ENTRYPOINT] * len(batch), batch, [0] * len(batch))


def _batches(all_payloads: list[bytes | None], size: int) -> list[list[bytes | None]]:
    return [all_payloads[start : start + size] for start in range(0, len(all_payloads), size)]

"""Finds pgqueuer's best settings here: ``python -m benchmarks.contenders.tune_pgqueuer``.

Enqueuing is tried with several batch sizes. Working is tried in one and in two processes, with
several batch sizes, limits of jobs in progress, and one connection or a pool. Every setting is
tried in every round, each on a fresh database. The medians are printed, best first; the best
settings are then written into ``pgqueuer_jobs.py`` by hand.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

import click

from benchmarks.contenders import pgqueuer_jobs
from benchmarks.harness import worker_pool
from benchmarks.harness.postgres_fixture import PostgresFixture, open_postgres
from projections.database.installation import url_of

ENQUEUE_BATCHES = (100, 500, 1000, 2000, 5000)


class WorkerSetting(NamedTuple):
    """The settings of ``DequeueTask``."""

    batch_size: int
    concurrent_jobs: int | None
    pool_size: int | None


WORKER_SETTINGS = (
    WorkerSetting(10, None, None),
    WorkerSetting(50, None, None),
    WorkerSetting(100, None, None),
    WorkerSetting(200, None, None),
    WorkerSetting(500, None, None),
    WorkerSetting(1000, None, None),
    WorkerSetting(100, 200, None),
    WorkerSetting(200, 1000, None),
    WorkerSetting(100, None, 4),
    WorkerSetting(200, None, 4),
)


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--count", default=20_000, show_default=True, help="Jobs in each try.")
def main(rounds: int, count: int) -> None:
    """Try pgqueuer's settings."""
    with open_postgres() as postgres:
        empty = postgres.create_empty()
        pgqueuer_jobs.create_tables(url_of(postgres.url, empty))
        full = postgres.create_empty()
        pgqueuer_jobs.create_tables(url_of(postgres.url, full))
        pgqueuer_jobs.enqueue_jobs(url_of(postgres.url, full), count)
        postgres.vacuum(full)
        rates: dict[str, list[float]] = {}
        for _ in range(rounds):
            for batch_size in ENQUEUE_BATCHES:
                rates.setdefault(f"enqueue {batch_size}", []).append(
                    _enqueue_rate(postgres, empty, count, batch_size)
                )
            for setting in WORKER_SETTINGS:
                for processes in (1, 2):
                    name = (
                        f"work, {processes} processes, batch {setting.batch_size},"
                        f" limit {setting.concurrent_jobs}, pool {setting.pool_size}"
                    )
                    rates.setdefault(name, []).append(
                        _work_rate(postgres, full, count, setting, processes)
                    )
    for name, series in sorted(rates.items(), key=lambda item: (item[0][:8], -median(item[1]))):
        spread = f"({min(series):,.0f} to {max(series):,.0f})"
        click.echo(f"{name:60} {median(series):8,.0f} a second {spread}")


def _enqueue_rate(postgres: PostgresFixture, empty: str, count: int, batch_size: int) -> float:
    with postgres.temporary_copy(empty) as url:
        return worker_pool.rate([pgqueuer_jobs.EnqueueTask(url, count, batch_size)], count)


def _work_rate(
    postgres: PostgresFixture, full: str, count: int, setting: WorkerSetting, processes: int
) -> float:
    with postgres.temporary_copy(full) as url:
        tasks = [pgqueuer_jobs.DequeueTask(url, *setting) for _ in range(processes)]
        return worker_pool.rate(tasks, count)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.contenders.tune_pgqueuer")

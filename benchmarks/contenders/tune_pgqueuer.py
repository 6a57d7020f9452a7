"""Finds pgqueuer's best settings here: ``python -m benchmarks.contenders.tune_pgqueuer``.

Enqueuing by several batch sizes; working, in one and in two processes, by several batch sizes,
limits of jobs in progress, and with one connection or a pool. Every setting is tried in every
round, each on a fresh database; the medians are printed, best first. The best are then written into
``pgqueuer_jobs.py`` by hand.
"""

from __future__ import annotations

from statistics import median

import click

from benchmarks.contenders import pgqueuer_jobs
from benchmarks.harness import worker_pool
from benchmarks.harness.postgres_fixture import Stage, open_stage
from projections.database.engine import url_of

ENQUEUE = (100, 500, 1000, 2000, 5000)
# Batch size, limit of jobs in progress, connections in the pool (None: one connection, no pool).
WORK = (
    (10, None, None),
    (50, None, None),
    (100, None, None),
    (200, None, None),
    (500, None, None),
    (1000, None, None),
    (100, 200, None),
    (200, 1000, None),
    (100, None, 4),
    (200, None, 4),
)


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--count", default=20_000, show_default=True, help="Jobs in each try.")
def main(rounds: int, count: int) -> None:
    """Try pgqueuer's settings."""
    with open_stage() as stage:
        empty = stage.empty()
        pgqueuer_jobs.install(url_of(stage.url, empty))
        full = stage.empty()
        pgqueuer_jobs.install(url_of(stage.url, full))
        pgqueuer_jobs.fill(url_of(stage.url, full), count)
        stage.settle(full)
        rates: dict[str, list[float]] = {}
        for _ in range(rounds):
            for batch in ENQUEUE:
                with stage.copy(empty) as url:
                    found = worker_pool.rate([pgqueuer_jobs.Enqueuing(url, count, batch)], count)
                rates.setdefault(f"enqueue {batch}", []).append(found)
            for setting in WORK:
                for processes in (1, 2):
                    name = f"work, {processes} processes, batch {setting[0]}, limit {setting[1]},"
                    rates.setdefault(f"{name} pool {setting[2]}", []).append(
                        _work(stage, full, count, setting, processes)
                    )
    for name, found_ in sorted(rates.items(), key=lambda item: (item[0][:8], -median(item[1]))):
        spread = f"({min(found_):,.0f} to {max(found_):,.0f})"
        click.echo(f"{name:60} {median(found_):8,.0f} a second {spread}")


def _work(
    stage: Stage,
    full: str,
    count: int,
    setting: tuple[int, int | None, int | None],
    processes: int,
) -> float:
    with stage.copy(full) as url:
        return worker_pool.rate(
            [pgqueuer_jobs.Working(url, *setting) for _ in range(processes)], count
        )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.contenders.tune_pgqueuer")

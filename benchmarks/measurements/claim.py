"""Claiming: how long one claim of a broadcaster takes, by how much is pending.

Unit: milliseconds of one ``Broadcaster.claim``, commit included: 1,000 messages over the 3,000
devices that have something due. After every claim the broadcaster gives it up again
(``Broadcaster.release``, not timed), so that the number of pending messages stays; after every
round the tables are vacuumed. The sizes are taken in turn, claim by claim. A first claim, with
which the connection plans its statements, does not count. What the claims of one round take is
summed up by their median and their 95th percentile.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import quantiles
from time import perf_counter

from benchmarks.contenders.sendtrail_workers import Immediate, Worker, broadcaster
from benchmarks.harness.measuring import Comparison, Figure, Row, Simple, Target
from benchmarks.harness.postgres_fixture import Stage, vacuum
from benchmarks.measurements import template_databases
from projections.config.settings import Settings
from projections.container import Container
from runners.sending.claim import BATCH
from runners.sending.worker import LANES


class Claiming(Simple):
    """``sizes`` are the numbers of pending messages, ``claims`` how many in each round."""

    def __init__(self, sizes: Sequence[int], claims: int) -> None:
        self.sizes = sizes
        self.claims = claims
        self.rows: list[Row] = []
        for name in ("median", "p95"):
            self.rows.append(_figure(name, sizes[0]))
            for size in sizes[1:]:
                target = Target("≤", 1.5) if (name, size) == ("median", sizes[-1]) else None
                self.rows.append(
                    Comparison(
                        _what(name, size),
                        f"{name} {size}",
                        f"{sizes[0]:,} pending",
                        f"{name} {sizes[0]}",
                        target,
                        "ms",
                    )
                )

    def prepare(self, stage: Stage) -> None:
        self.databases = {
            size: stage.copied(template_databases.pending(stage, size)) for size in self.sizes
        }

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        taken: dict[int, list[float]] = {size: [] for size in self.sizes}
        with ExitStack() as stack:
            workers = {}
            for size, url in self.databases.items():
                container = stack.enter_context(Container(Settings(database_url=url)))
                workers[size] = broadcaster(container, {"sandbox": Immediate()})
                _claim(workers[size])
            for _ in range(self.claims):
                for size, worker in workers.items():
                    taken[size].append(_claim(worker))
        for url in self.databases.values():
            vacuum(url)
        numbers: dict[str, float] = {}
        for size, times in taken.items():
            cuts = quantiles(times, n=20)
            numbers |= {f"median {size}": cuts[9], f"p95 {size}": cuts[18]}
        return numbers


def _claim(worker: Worker) -> float:
    """Claims, and gives up what it claimed; milliseconds of the claim."""
    worker.lanes = LANES  # where each has a backlog it would take fewer
    began = perf_counter()
    claimed = worker.claim()
    taken = perf_counter() - began
    assert claimed == BATCH, f"{claimed} messages claimed"
    worker.release()
    return 1000 * taken


def _what(name: str, size: int) -> str:
    return f"claim {BATCH:,} of {size:,} pending, {name}"


def _figure(name: str, size: int) -> Figure:
    return Figure(_what(name, size), f"{name} {size}", "ms")

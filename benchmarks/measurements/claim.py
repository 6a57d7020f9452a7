"""Claiming: how long one claim of a broadcaster takes, by how many messages are pending.

Unit: milliseconds of one ``Broadcaster.claim``, commit included: 1,000 messages over the 3,000
devices that have something due. After every claim the broadcaster gives the messages up again
(``Broadcaster.release``, untimed), so that the number of pending messages stays. After every round
the tables are vacuumed. The sizes take turns, claim by claim. A first claim, with which the
connection plans its statements, does not count. The median and the 95th percentile are those of the
claims of one round.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import quantiles
from time import perf_counter

from benchmarks.contenders.sendtrail_workers import (
    CountingBroadcaster,
    ImmediateGateway,
    create_broadcaster,
)
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Comparison, Figure, MeasurementBase, Row, Target
from benchmarks.harness.postgres_fixture import PostgresFixture, vacuum
from benchmarks.measurements import template_databases
from projections.container import Container
from runners.sending.claim_window import BATCH, MOST_DEVICES


class ClaimMeasurement(MeasurementBase):
    """``sizes`` are the numbers of pending messages, ``claims`` the claims of each in a round."""

    def __init__(self, sizes: Sequence[int], claims: int) -> None:
        self.sizes = sizes
        self.claims = claims
        self.rows: list[Row] = []
        for name in ("median", "p95"):
            first = sizes[0]
            for size in sizes:
                target = Target("≤", 100, "number") if name == "median" else None
                self.rows.append(Figure(_label(name, size), f"{name} {size}", "ms", target))
            for size in sizes[1:]:
                target = Target("≤", 1.5) if (name, size) == ("median", sizes[-1]) else None
                self.rows.append(
                    Comparison(
                        _label(name, size),
                        f"{name} {size}",
                        f"{first:,} pending",
                        f"{name} {first}",
                        target,
                        "ms",
                    )
                )

    def prepare(self, postgres: PostgresFixture) -> None:
        """Create a database of each size."""
        self.urls = {
            size: postgres.create_copy_url(template_databases.with_pending_messages(postgres, size))
            for size in self.sizes
        }

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Claim in turn at every size."""
        milliseconds: dict[int, list[float]] = {size: [] for size in self.sizes}
        with ExitStack() as stack:
            broadcasters = {}
            for size, url in self.urls.items():
                container = stack.enter_context(Container(settings(url)))
                broadcasters[size] = create_broadcaster(container, {"sandbox": ImmediateGateway()})
                _claim(broadcasters[size])
            for _ in range(self.claims):
                for size, broadcaster in broadcasters.items():
                    milliseconds[size].append(_claim(broadcaster))
        for url in self.urls.values():
            vacuum(url)
        numbers: dict[str, float] = {}
        for size, series in milliseconds.items():
            cuts = quantiles(series, n=20)
            numbers |= {f"median {size}": cuts[9], f"p95 {size}": cuts[18]}
        return numbers


def _claim(broadcaster: CountingBroadcaster) -> float:
    """Claim, and give up what was claimed; returns the milliseconds of the claim."""
    # A backlog on each device would let it claim from fewer devices.
    broadcaster.window.device_limit = MOST_DEVICES
    request = broadcaster.claim_request(at_once=False)
    began = perf_counter()
    result = broadcaster.claim(request)
    seconds = perf_counter() - began
    claimed = broadcaster.accept_claim(result)
    assert claimed == BATCH, f"{claimed} messages claimed"
    broadcaster.release()
    return 1000 * seconds


def _label(name: str, size: int) -> str:
    return f"claim {BATCH:,} of {size:,} pending, {name}"

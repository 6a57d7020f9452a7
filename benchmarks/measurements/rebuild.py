"""Rebuilding every projection from the log, comparison with the live tables included.

Unit: events per second of ``projections.rebuild.rebuild``, without a swap, in a process of its own,
from the call until it says that all is identical; and the most memory that this process ever had
resident, in MiB, interpreter and libraries included. The log is of messages with a full life: a
lead registered, a message scheduled, claimed, queued and sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.harness import worker_pool
from benchmarks.harness.measuring import Comparison, Figure, Row, Simple, Target
from benchmarks.harness.postgres_fixture import Stage
from benchmarks.harness.worker_pool import Member
from benchmarks.measurements import template_databases
from projections.config.settings import Settings
from projections.container import Container
from projections.rebuild.rebuild import rebuild


class Rebuilding(Simple):
    """``sizes`` are pairs of how many leads there are, and how many more campaigns like the first
    were sent to all of them."""

    def __init__(self, sizes: Sequence[tuple[int, int]]) -> None:
        self.sizes = sizes
        self.rows: list[Row] = []
        for size in sizes:
            what = f"rebuild {template_databases.events(*size):,} events"
            target = Target("≥", 50_000, "number")
            self.rows.append(Figure(what, f"rate {size}", "/s", target))
        first, last = sizes[0], sizes[-1]
        what = f"rebuild {template_databases.events(*first):,} events: peak memory"
        self.rows.append(Figure(what, f"peak {first}", "MiB"))
        self.rows.append(
            Comparison(
                f"rebuild {template_databases.events(*last):,} events: peak memory",
                f"peak {last}",
                f"{template_databases.events(*first):,} events",
                f"peak {first}",
                # Flat, as far as memory that is asked of an allocator ever is.
                Target("≤", 1.25),
                "MiB",
            )
        )

    def prepare(self, stage: Stage) -> None:
        self.databases = {
            size: stage.copied(template_databases.sent(stage, *size)) for size in self.sizes
        }

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for size, url in self.databases.items():
            events = template_databases.events(*size)
            taken = worker_pool.run([Rebuild(url, events)], events)
            numbers |= {f"rate {size}": events / taken.seconds, f"peak {size}": taken.peak}
        return numbers


@dataclass(frozen=True)
class Rebuild:
    """One rebuild of at least so many ``events``."""

    url: str
    events: int

    def __call__(self, member: Member) -> None:
        with Container(Settings(database_url=self.url)) as container:
            found = container.outreach.recorder.max_notification_id() or 0
            assert found >= self.events, f"{found} events"
            member.begin()
            differences = rebuild(container.database)
            member.did(self.events)
        assert not any(differences.values()), differences

"""Rebuilding every projection from the log, comparison with the live tables included.

Unit: events per second of ``projections.rebuild.rebuild``, without a swap, in a process of its own,
from the call until it returns that all is identical. The memory is the most that this process ever
had resident, in MiB, interpreter and libraries included. The log is of messages with a full life: a
lead registered, a message scheduled, claimed, queued and sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.harness import worker_pool
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Comparison, Figure, MeasurementBase, Row, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.harness.worker_pool import PoolWorker
from benchmarks.measurements import template_databases
from projections.container import Container
from projections.rebuild.rebuild import rebuild


class RebuildMeasurement(MeasurementBase):
    """``sizes`` are pairs: the number of leads, and the number of campaigns sent to all of them
    besides the first."""

    def __init__(self, sizes: Sequence[tuple[int, int]]) -> None:
        self.sizes = sizes
        self.rows: list[Row] = []
        for size in sizes:
            label = f"rebuild {template_databases.count_events(*size):,} events"
            target = Target("≥", 60_000, "number")
            self.rows.append(Figure(label, f"rate {size}", "/s", target))
        first, last = sizes[0], sizes[-1]
        first_events = f"{template_databases.count_events(*first):,} events"
        last_events = f"{template_databases.count_events(*last):,} events"
        self.rows.append(Figure(f"rebuild {first_events}: peak memory", f"peak {first}", "MiB"))
        self.rows.append(
            Comparison(
                f"rebuild {last_events}: peak memory",
                f"peak {last}",
                first_events,
                f"peak {first}",
                # Flat, as far as memory that is asked of an allocator ever is.
                Target("≤", 1.25),
                "MiB",
            )
        )

    def prepare(self, postgres: PostgresFixture) -> None:
        """Create a log of each size."""
        self.urls = {
            size: postgres.create_copy_url(template_databases.with_sent_campaigns(postgres, *size))
            for size in self.sizes
        }

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Rebuild every log."""
        numbers: dict[str, float] = {}
        for size, url in self.urls.items():
            events = template_databases.count_events(*size)
            result = worker_pool.run([RebuildTask(url, events)], events)
            numbers |= {f"rate {size}": events / result.seconds, f"peak {size}": result.peak_memory}
        return numbers


@dataclass(frozen=True)
class RebuildTask:
    """One rebuild of at least so many ``events``, which finds no difference."""

    url: str
    events: int

    def __call__(self, worker: PoolWorker) -> None:
        """Connect, wait for the others, rebuild."""
        with Container(settings(self.url)) as container:
            events = container.outreach.recorder.max_notification_id() or 0
            assert events >= self.events, f"{events} events"
            worker.begin()
            differences = rebuild(container.database)
            worker.add_committed(self.events)
        assert not any(differences.values()), differences

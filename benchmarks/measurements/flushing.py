"""Sending on a disk that takes longer to flush, beside the same on this machine's disk: whether
commits that wait for one another slow the broadcasters down.

Unit: messages per second, as in ``lifecycle``, with every flush of one of the two servers
``slow_flush.DELAY`` longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.contenders.sendtrail_workers import BroadcasterTask
from benchmarks.harness import seed_data, slow_flush, worker_pool
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Comparison, MeasurementBase
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.measurements import template_databases
from benchmarks.measurements.lifecycle import in_words
from projections.container import Container


class FlushingMeasurement(MeasurementBase):
    """``messages`` of one campaign over fifty devices, through each of the numbers of
    ``processes``; no rows where there is no C compiler."""

    def __init__(self, messages: int, processes: Sequence[int]) -> None:
        self.messages = messages
        self.processes = processes
        self._stack = ExitStack()
        self.rows = [
            Comparison(
                f"claim, queue, send {messages:,}, {in_words(count)},"
                f" flush +{slow_flush.DELAY:g} ms",
                f"slow {count}",
                "the disk as it is",
                f"plain {count}",
            )
            for count in processes
            if slow_flush.is_possible()
        ]

    @property
    def notes(self) -> Sequence[str]:
        """Why there are no rows."""
        return () if self.rows else [f"sending {slow_flush.LEFT_OUT}"]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Start the slow server, and register the leads on both."""
        self._slow_postgres = self._stack.enter_context(slow_flush.open_slow_postgres())
        self._templates = {
            server: template_databases.with_few_devices(server, self.messages)
            for server in (postgres, self._slow_postgres)
        }

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Send on this machine's disk, then on the slow one, with each number of processes."""
        rates = {}
        for count in self.processes:
            for name, server in (("plain", postgres), ("slow", self._slow_postgres)):
                with server.temporary_copy(self._templates[server]) as url:
                    with Container(settings(url)) as container:
                        seed_data.schedule_due_campaign(container)
                        seed_data.schedule_messages(container, self.messages)
                    tasks = [BroadcasterTask(url, broadcaster) for broadcaster in range(count)]
                    rates[f"{name} {count}"] = worker_pool.rate(tasks, self.messages)
        return rates

    def close(self) -> None:
        """Stop the slow server."""
        self._stack.close()

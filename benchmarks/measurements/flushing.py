"""Sending on a disk that takes longer to flush, beside the same on this one: whether commits that
wait for one another hold the broadcasters up.

Unit: messages per second, as in ``lifecycle``, with every flush of the one server held up by
``slow_flush.DELAY``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.contenders.sendtrail_workers import Broadcasting
from benchmarks.harness import seed_data, slow_flush, worker_pool
from benchmarks.harness.measuring import Comparison, Simple
from benchmarks.harness.postgres_fixture import Stage
from benchmarks.measurements import template_databases
from benchmarks.measurements.lifecycle import in_words
from projections.config.settings import Settings
from projections.container import Container


class Flushing(Simple):
    """``messages`` of one campaign over fifty devices, through each of the numbers of
    ``processes``."""

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
            if slow_flush.possible()
        ]

    @property
    def notes(self) -> Sequence[str]:
        return () if self.rows else [f"sending {slow_flush.LEFT_OUT}"]

    def prepare(self, stage: Stage) -> None:
        self._slow = self._stack.enter_context(slow_flush.open_slow())
        self._template = {
            each: template_databases.few(each, self.messages) for each in (stage, self._slow)
        }

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        rates = {}
        for count in self.processes:
            for name, each in (("plain", stage), ("slow", self._slow)):
                with each.copy(self._template[each]) as url:
                    with Container(Settings(database_url=url)) as container:
                        seed_data.due_campaign(container)
                        seed_data.triggered(container, self.messages)
                    works = [Broadcasting(url, worker) for worker in range(count)]
                    rates[f"{name} {count}"] = worker_pool.rate(works, self.messages)
        return rates

    def close(self) -> None:
        self._stack.close()

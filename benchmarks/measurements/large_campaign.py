"""A campaign to very many leads: how fast, and how much memory the campaigner needs.

Unit: messages scheduled per second by one campaigner process (``workers.Running``), its memory by
the most it ever had resident, in MiB, interpreter and libraries included. Registering the leads and
3,000 devices is not part of it.
"""

from __future__ import annotations

from benchmarks.contenders.sendtrail_workers import Running
from benchmarks.harness import worker_pool
from benchmarks.harness.measuring import Figure, Simple, Target
from benchmarks.harness.postgres_fixture import Stage
from benchmarks.measurements import template_databases


class Masses(Simple):
    """A campaign of that many ``leads``, ``rounds`` times at most."""

    def __init__(self, leads: int, rounds: int) -> None:
        self.leads = leads
        self.rounds = rounds
        what = f"schedule a campaign, {leads:,} leads"
        self.rows = [
            Figure(what, "rate", "/s"),
            Figure(f"{what}: peak memory", "peak", "MiB", Target("≤", 200, "number")),
        ]

    def prepare(self, stage: Stage) -> None:
        self.template = template_databases.leads(stage, self.leads)

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        with stage.copy(self.template) as url:
            taken = worker_pool.run([Running(url, "campaigner", self.leads)], self.leads)
        return {"rate": self.leads / taken.seconds, "peak": taken.peak}

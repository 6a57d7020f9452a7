"""A campaign to very many leads: how fast the campaigner is, and how much memory it needs.

Unit: messages scheduled per second by one campaigner process
(``contenders.sendtrail_workers.RunnerTask``). The memory is the most that the process ever had
resident, in MiB, interpreter and libraries included. Registering the leads and 3,000 devices is not
part of it.
"""

from __future__ import annotations

from benchmarks.contenders.sendtrail_workers import RunnerTask
from benchmarks.harness import worker_pool
from benchmarks.harness.measuring import Figure, MeasurementBase, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.measurements import template_databases


class LargeCampaignMeasurement(MeasurementBase):
    """A campaign to that many ``leads``, ``rounds`` times at most."""

    def __init__(self, leads: int, rounds: int) -> None:
        self.leads = leads
        self.rounds = rounds
        label = f"schedule a campaign, {leads:,} leads"
        self.rows = [
            Figure(label, "rate", "/s"),
            Figure(f"{label}: peak memory", "peak", "MiB", Target("≤", 200, "number")),
        ]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Register the leads."""
        self.template = template_databases.with_leads(postgres, self.leads)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Schedule the whole campaign in a copy of the database."""
        with postgres.temporary_copy(self.template) as url:
            result = worker_pool.run([RunnerTask(url, "campaigner", self.leads)], self.leads)
        return {"rate": self.leads / result.seconds, "peak": result.peak_memory}

"""Scheduling: the real Campaigner and the real Enroller, each ``run_once`` over its leads.

Unit: messages scheduled per second, from the first statement to the last commit: reading the
leads, choosing devices, planning, events, projections, counts, COPY. Registering the leads is not
part of it. One process of its own.

Beside it:

- pgqueuer's enqueue of as many jobs, in batches, due at once, their payloads made beforehand
  (``contenders.pgqueuer_jobs``).
- The floor: as many rows of ``stored_events`` and ``broadcast_messages``, the very ones that
  Sendtrail has just written, by ``INSERT ... SELECT`` into copies of both tables, in as many
  transactions (``contenders.bare_sql_schedule``). The rows of leads, enrollments and counts that
  Sendtrail writes as well are left out of the floor, and the cache is warm for it.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from benchmarks.contenders import bare_sql, bare_sql_schedule, optional_packages
from benchmarks.contenders.sendtrail_workers import RunnerTask
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Comparison, MeasurementBase, Target, call_rate
from benchmarks.harness.postgres_fixture import PostgresFixture
from projections.container import Container
from projections.database.installation import url_of
from runners.jobs import campaigner, enroller


class ScheduleMeasurement(MeasurementBase):
    """One runner over ``leads`` leads, ``messages`` for each, ``chunk`` leads to a transaction."""

    messages = 1
    # Times pgqueuer's enqueue.
    target: ClassVar[float]
    runner: ClassVar[Literal["campaigner", "enroller"]]

    def __init__(self, label: str, leads: int, chunk: int) -> None:
        self.leads = leads
        self.chunk = chunk
        self.scheduled = leads * self.messages
        pgqueuer = f"pgqueuer, {self.scheduled:,} jobs"
        self.rows = [
            Comparison(label, "sendtrail", pgqueuer, "pgqueuer", Target("≥", self.target)),
            Comparison(label, "sendtrail", "bare INSERTs", "floor"),
        ]

    def fill(self, container: Container) -> None:
        """Put into the template what the runner works on."""
        seed_data.register_devices(container, seed_data.DEVICES)
        seed_data.register_leads(container, self.leads)

    def prepare(self, postgres: PostgresFixture) -> None:
        """Create the templates of Sendtrail and of pgqueuer."""
        self.template = postgres.create_template(self.fill)
        if optional_packages.has_pgqueuer():
            from benchmarks.contenders import pgqueuer_jobs

            self.jobs_template = postgres.create_empty()
            pgqueuer_jobs.create_tables(url_of(postgres.url, self.jobs_template))

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Measure Sendtrail before the floor, which writes Sendtrail's rows again; pgqueuer before
        both of them or after, in turn."""
        rates = {}
        if number % 2 and optional_packages.has_pgqueuer():
            rates["pgqueuer"] = self._pgqueuer_rate(postgres)
        with postgres.temporary_copy(self.template) as url:
            with Container(settings(url)) as container:
                before = container.outreach.recorder.max_notification_id() or 0
            rates["sendtrail"] = worker_pool.rate(
                [RunnerTask(url, self.runner, self.scheduled)], self.scheduled
            )
            rates["floor"] = self._floor_rate(url, before)
        if not number % 2 and optional_packages.has_pgqueuer():
            rates["pgqueuer"] = self._pgqueuer_rate(postgres)
        return rates

    def _pgqueuer_rate(self, postgres: PostgresFixture) -> float:
        from benchmarks.contenders import pgqueuer_jobs

        with postgres.temporary_copy(self.jobs_template) as url:
            tasks = [pgqueuer_jobs.EnqueueTask(url, self.scheduled)]
            return worker_pool.rate(tasks, self.scheduled)

    def _floor_rate(self, url: str, before: int) -> float:
        transactions = -(-self.leads // self.chunk)
        with bare_sql.connect(url) as engine:
            insert = bare_sql_schedule.prepare_inserts(engine, before, self.scheduled, transactions)
            return call_rate(self.scheduled, insert)


class CampaignMeasurement(ScheduleMeasurement):
    """A campaign to all leads: one message each, in the Campaigner's own chunks."""

    runner = "campaigner"
    target = 1.2

    def __init__(self, leads: int) -> None:
        super().__init__(f"schedule a campaign, {leads:,} leads", leads, campaigner.CHUNK)

    def fill(self, container: Container) -> None:
        """Add a due campaign."""
        super().fill(container)
        seed_data.schedule_due_campaign(container)


class EnrollmentMeasurement(ScheduleMeasurement):
    """A sequence of five steps: one enrollment and five messages each, in the Enroller's chunks."""

    runner = "enroller"
    target = 1.0
    messages = len(seed_data.STEPS)

    def __init__(self, leads: int) -> None:
        label = f"schedule {self.messages} steps, {leads:,} leads"
        super().__init__(label, leads, enroller.CHUNK)

    def fill(self, container: Container) -> None:
        """Add an active sequence."""
        super().fill(container)
        seed_data.activate_sequence(container)

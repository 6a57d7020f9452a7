"""A message's life after it was scheduled: claimed, queued, sent, with every event on record.

Unit: messages per second through one or several Broadcaster processes, driven by the broadcaster's
own loop (``runners.sending.loops``), from the moment when all of them are ready until the last
outcome is recorded (``worker_pool``). The gateway accepts at once, and the devices need no pause:
what is left is Sendtrail's own work. Left out: the network, pace, receipts, and the index of the
providers' ids, which the sandbox gateway's messages are not in (``http_sending`` has it).

Beside it, each in as many processes and begun in the same way:

- pgqueuer's worker with a job that does nothing, from dequeue until the outcome is logged
  (``contenders.pgqueuer_jobs``).
- The floor: bare SQL that makes the same three updates of each message, with the very same values,
  and inserts the same three events, in batches as large as a claim, into copies of
  ``broadcast_messages`` and ``stored_events`` as they were before; each process takes its share of
  the batches (``contenders.bare_sql_lifecycle``). Leases, device slots and counts are left out of
  the floor, and the cache is warm for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contenders import bare_sql, bare_sql_lifecycle, optional_packages
from benchmarks.contenders.bare_sql_lifecycle import LifecycleTask
from benchmarks.contenders.sendtrail_workers import BroadcasterTask
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.measuring import Comparison, MeasurementBase, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.harness.processor_time import ProcessorTime
from projections.container import Container
from projections.database.installation import url_of


class LifecycleMeasurement(MeasurementBase):
    """``messages`` of one campaign over fifty devices, through each of the numbers of
    ``processes``."""

    def __init__(self, messages: int, processes: Sequence[int]) -> None:
        self.messages = messages
        self.processes = processes
        self.rows: list[Comparison] = []
        contenders = {"sendtrail": "messages of Sendtrail", "pgqueuer": "jobs of pgqueuer"}
        self._processor_times = {
            f"{key} {count}": ProcessorTime(f"{name}, {in_words(count)}", "workers")
            for count in processes
            for key, name in contenders.items()
            if key == "sendtrail" or optional_packages.has_pgqueuer()
        }
        for count in processes:
            label = f"claim, queue, send {messages:,}, {in_words(count)}"
            key = f"sendtrail {count}"
            self.rows.append(
                Comparison(
                    label, key, "pgqueuer, no-op jobs", f"pgqueuer {count}", Target("≥", 1.0)
                )
            )
            self.rows.append(Comparison(label, key, "bare SQL", f"floor {count}", Target("≥", 0.8)))

    @property
    def notes(self) -> list[str]:
        """Where the processor's time went."""
        return [each.summary() for each in self._processor_times.values()]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Schedule the campaign's messages, and enqueue as many jobs of pgqueuer."""
        self.template = postgres.create_template(self._fill)
        if optional_packages.has_pgqueuer():
            from benchmarks.contenders import pgqueuer_jobs

            self.jobs_template = postgres.create_empty()
            pgqueuer_jobs.create_tables(url_of(postgres.url, self.jobs_template))
            pgqueuer_jobs.enqueue_jobs(url_of(postgres.url, self.jobs_template), self.messages)
            postgres.vacuum(self.jobs_template)

    def _fill(self, container: Container) -> None:
        seed_data.register_devices(container, seed_data.DEVICES)
        seed_data.register_leads(container, self.messages)
        seed_data.schedule_due_campaign(container)
        seed_data.schedule_messages(container, self.messages)
        with container.database.transaction() as connection:
            bare_sql_lifecycle.copy_tables(connection)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Measure Sendtrail before the floor, which writes Sendtrail's rows again; pgqueuer before
        both of them or after, in turn."""
        rates = {}
        for count in self.processes:
            if number % 2 and optional_packages.has_pgqueuer():
                rates[f"pgqueuer {count}"] = self._pgqueuer_rate(postgres, count)
            with postgres.temporary_copy(self.template) as url:
                tasks = [BroadcasterTask(url, broadcaster) for broadcaster in range(count)]
                processor_time = self._processor_times[f"sendtrail {count}"]
                rates[f"sendtrail {count}"] = processor_time.rate(url, tasks, self.messages)
                rates[f"floor {count}"] = self._floor_rate(url, count)
            if not number % 2 and optional_packages.has_pgqueuer():
                rates[f"pgqueuer {count}"] = self._pgqueuer_rate(postgres, count)
        return rates

    def _pgqueuer_rate(self, postgres: PostgresFixture, processes: int) -> float:
        from benchmarks.contenders import pgqueuer_jobs

        with postgres.temporary_copy(self.jobs_template) as url:
            tasks = [pgqueuer_jobs.DequeueTask(url)] * processes
            return self._processor_times[f"pgqueuer {processes}"].rate(url, tasks, self.messages)

    def _floor_rate(self, url: str, processes: int) -> float:
        with bare_sql.connect(url) as engine:
            statements = bare_sql_lifecycle.prepare_statements(engine, self.messages)
        tasks = [
            LifecycleTask(url, statements, self.messages, number, processes)
            for number in range(processes)
        ]
        return worker_pool.rate(tasks, self.messages)


def in_words(count: int) -> str:
    """The number of processes in words."""
    return "1 process" if count == 1 else f"{count} processes"

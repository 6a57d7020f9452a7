"""What Sendtrail's work costs in processor time, beside bare SQL that writes the same rows.

Unit: pieces of work for each second of processor time, of the Python process and of PostgreSQL
together, one process after the other, both contenders in every round on one server. Waiting does
not count: not for the disk, not for a core that somebody else has. So the ratio is nearly the same
on an idle machine and on a busy one, which no ratio of wall-clock time is. ``--check`` compares it
with the ratios in ``benchmarks/expected.json``; ``docs/performance.md`` says how far it spreads.

None of these contenders needs a package of the extra ``bench``. What the floors leave out is at the
top of ``contenders.bare_sql_schedule``, ``bare_sql_lifecycle`` and ``bare_sql_receipts``; bare COPY
packs its rows within the time.
"""

from __future__ import annotations

from collections.abc import Callable

import psutil

from benchmarks.contenders import bare_sql, bare_sql_lifecycle, bare_sql_receipts, bare_sql_schedule
from benchmarks.contenders.append_writers import COPY_TABLE, AppendTask
from benchmarks.contenders.bare_sql_lifecycle import LifecycleTask
from benchmarks.contenders.sendtrail_workers import BroadcasterTask, RunnerTask
from benchmarks.harness import receipt_data, seed_data
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Comparison, MeasurementBase
from benchmarks.harness.postgres_fixture import PostgresFixture, create_table_like
from benchmarks.harness.processor_time import inline_rate, postmaster
from benchmarks.harness.worker_pool import PoolWorker, Task
from benchmarks.measurements import template_databases
from domain.errors import StorageError
from projections.container import Container
from projections.database.installation import url_of
from runners.jobs import campaigner
from runners.jobs.receiver import Receiver

UNIT = "/s"


class ProcessorCost(MeasurementBase):
    """So many units of work of one kind, beside a ``contender``."""

    def __init__(self, label: str, contender: str, count: int) -> None:
        self.count = count
        self.rows = [
            Comparison(f"{label}, of processor time", "sendtrail", contender, "floor", unit=UNIT)
        ]

    def rates(self, url: str, sendtrail: Task, floor: Callable[[], Task]) -> dict[str, float]:
        """Run both tasks on the database at ``url``; ``floor`` makes its task after Sendtrail's has
        run. Raises StorageError if the server's processes cannot be seen from here."""
        server = server_of(url)
        rate = inline_rate(server, sendtrail, self.count)
        return {"sendtrail": rate, "floor": inline_rate(server, floor(), self.count)}

    def warm_up(self, postgres: PostgresFixture) -> None:
        """Take a round that does not count: this process imports and plans what it needs once."""
        self.round(postgres, -1)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Run both, in a copy of what was prepared."""
        raise NotImplementedError


class CampaignCost(ProcessorCost):
    """A campaign to so many leads is scheduled."""

    def __init__(self, leads: int) -> None:
        super().__init__(f"schedule a campaign, {leads:,} leads", "bare INSERTs", leads)

    def prepare(self, postgres: PostgresFixture) -> None:
        """Register the leads."""

        def fill(container: Container) -> None:
            seed_data.register_devices(container, seed_data.DEVICES)
            seed_data.register_leads(container, self.count)
            seed_data.schedule_due_campaign(container)

        self.template = postgres.create_template(fill)
        self.warm_up(postgres)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Schedule, then write the same rows again."""
        with postgres.temporary_copy(self.template) as url, bare_sql.connect(url) as engine:
            before = last_notification_id(url)

            def floor() -> Task:
                transactions = -(-self.count // campaigner.CHUNK)
                insert = bare_sql_schedule.prepare_inserts(engine, before, self.count, transactions)
                return _calling(insert, self.count)

            return self.rates(url, RunnerTask(url, "campaigner", self.count), floor)


class LifecycleCost(ProcessorCost):
    """So many messages are claimed, queued and sent."""

    def __init__(self, messages: int) -> None:
        super().__init__(f"claim, queue, send {messages:,}", "bare SQL", messages)

    def prepare(self, postgres: PostgresFixture) -> None:
        """Schedule the messages."""

        def fill(container: Container) -> None:
            seed_data.register_devices(container, seed_data.DEVICES)
            seed_data.register_leads(container, self.count)
            seed_data.schedule_due_campaign(container)
            seed_data.schedule_messages(container, self.count)
            with container.database.transaction() as connection:
                bare_sql_lifecycle.copy_tables(connection)

        self.template = postgres.create_template(fill)
        self.warm_up(postgres)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Send, then write the same rows again."""
        with postgres.temporary_copy(self.template) as url:

            def floor() -> Task:
                with bare_sql.connect(url) as engine:
                    statements = bare_sql_lifecycle.prepare_statements(engine, self.count)
                return LifecycleTask(url, statements, self.count, 0, 1)

            return self.rates(url, BroadcasterTask(url), floor)


class AppendCost(ProcessorCost):
    """So many events are appended, ``size`` to a commit."""

    def __init__(self, events: int, size: int) -> None:
        super().__init__(f"append, {size:,} per commit", "bare COPY, packed in time", events)
        self.size = size

    def prepare(self, postgres: PostgresFixture) -> None:
        """Create the table of bare COPY."""

        def fill(container: Container) -> None:
            with container.database.transaction() as connection:
                create_table_like(connection, "stored_events", COPY_TABLE)

        self.template = postgres.create_template(fill)
        self.warm_up(postgres)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Append, then copy as many."""
        with postgres.temporary_copy(self.template) as url:
            record, copy = (
                AppendTask(url, writer, self.count, self.size)
                for writer in ("record", "copy packed in time")
            )
            return self.rates(url, record, lambda: copy)


class ReceiptsCost(ProcessorCost):
    """Three receipts of each of so many messages are recorded."""

    def __init__(self, messages: int) -> None:
        receipts = len(receipt_data.KINDS) * messages
        super().__init__(f"record {receipts:,} receipts", "bare SQL", receipts)
        self.messages = messages

    def prepare(self, postgres: PostgresFixture) -> None:
        """Send the messages, and put their receipts into the inbox."""
        self.template = template_databases.with_receipts_due(
            postgres, seed_data.DEVICES, self.messages
        )
        with Container(settings(url_of(postgres.url, self.template))) as container:
            receipt_data.put(container, receipt_data.of_messages(container))
            with container.database.transaction() as connection:
                bare_sql_lifecycle.copy_tables(connection)
        postgres.vacuum(self.template)
        self.warm_up(postgres)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Record, then write the same rows again."""
        with (
            postgres.temporary_copy(self.template) as url,
            bare_sql.connect(url) as engine,
            Container(settings(url)) as container,
        ):
            before = last_notification_id(url)
            receiver = Receiver(container)

            def floor() -> Task:
                write = bare_sql_receipts.prepare(engine, before, self.messages)
                return _calling(write, self.count)

            return self.rates(url, _calling(receiver.run_once, self.count), floor)


def server_of(url: str) -> psutil.Process:
    """The parent of the server's processes. Raises StorageError if they are on another machine."""
    server = postmaster(url)
    if server is None:
        raise StorageError("the server's processor time cannot be read from here")
    return server


def last_notification_id(url: str) -> int:
    """The end of the log; 0 if it is empty."""
    with Container(settings(url)) as container:
        return container.outreach.recorder.max_notification_id() or 0


def _calling(work: Callable[[], object], count: int) -> Task:
    """A task that is one call, after which ``count`` units are committed."""

    def task(worker: PoolWorker) -> None:
        worker.begin()
        work()
        worker.add_committed(count)

    return task

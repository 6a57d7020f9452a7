"""What a message costs in bytes, and whether a long log slows anything down.

Bytes per message, over its whole life (scheduled, claimed, queued, sent): by how much
``stored_events`` and ``broadcast_messages`` grow, heap and indexes apart, divided by the number of
messages. The sizes are taken right after, without a VACUUM in between but autovacuum's. The
write-ahead log is that written meanwhile, for scheduling and for the rest apart, full pages
included where a checkpoint came in between.

Messages per second of the campaigner and of one broadcaster are as in ``schedule`` and
``lifecycle``, in a log of millions of events of messages that were sent before, under autovacuum as
it is by default, beside a fresh log. The long log grows by every round.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.contenders import bare_sql
from benchmarks.contenders.sendtrail_workers import (
    BroadcasterTask,
    RunnerTask,
    broadcaster_settings,
)
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.measuring import Comparison, Figure, MeasurementBase, Row, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.measurements import template_databases
from projections.container import Container

TABLES = ("stored_events", "broadcast_messages")
TARGET = Target("≥", 0.9)


class Sizes(NamedTuple):
    """Bytes of each table's heap and indexes, by name, and of all write-ahead log so far."""

    parts: dict[str, int]
    wal: int


class GrowthMeasurement(MeasurementBase):
    """A campaign to ``leads`` leads, in a fresh log and in a long one. In the long log one campaign
    was sent to all of them, and ``campaigns_before`` more like it."""

    def __init__(self, leads: int, campaigns_before: int) -> None:
        self.leads = leads
        self.campaigns_before = campaigns_before
        long = f"{template_databases.count_events(leads, campaigns_before):,} events before"
        self.rows: list[Row] = [
            Comparison(
                f"{what} {leads:,}, {long}", f"{key} long", "in a fresh log", f"{key} fresh", TARGET
            )
            for what, key in (("schedule", "schedule"), ("claim, queue, send", "send"))
        ]
        for table in TABLES:
            for part in ("heap", "indexes"):
                label = f"a sent message in {table}, {part}"
                self.rows.append(Figure(label, f"{table} {part}", "bytes"))
        for what, key in (("scheduling", "wal schedule"), ("sending", "wal send")):
            label = f"write-ahead log of {what} a message"
            self.rows.append(Figure(label, key, "bytes"))
            self.rows.append(Figure(f"{label}, {long}", f"{key} long", "bytes"))

    def prepare(self, postgres: PostgresFixture) -> None:
        """Create the template of the fresh log, and the long log."""
        self.fresh_template = template_databases.with_few_devices(postgres, self.leads)
        self.long_url = postgres.create_copy_url(
            template_databases.with_sent_campaigns(postgres, self.leads, self.campaigns_before)
        )

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Measure the fresh log first, or the long one, in turn."""
        if number % 2:
            long = self._send_campaign(self.long_url)
        with postgres.temporary_copy(self.fresh_template) as url:
            fresh = self._send_campaign(url)
        if not number % 2:
            long = self._send_campaign(self.long_url)
        return fresh | {
            f"{key} {name}": numbers[key]
            for name, numbers in (("fresh", fresh), ("long", long))
            for key in ("schedule", "send", "wal schedule", "wal send")
        }

    def _send_campaign(self, url: str) -> dict[str, float]:
        with Container(broadcaster_settings(url)) as container:
            seed_data.schedule_due_campaign(container)
        before = _sizes(url)
        schedule_rate = worker_pool.rate([RunnerTask(url, "campaigner", self.leads)], self.leads)
        between = _sizes(url)
        send_rate = worker_pool.rate([BroadcasterTask(url)], self.leads)
        after = _sizes(url)
        return {
            "schedule": schedule_rate,
            "send": send_rate,
            "wal schedule": (between.wal - before.wal) / self.leads,
            "wal send": (after.wal - between.wal) / self.leads,
        } | {part: (after.parts[part] - before.parts[part]) / self.leads for part in after.parts}


def _sizes(url: str) -> Sizes:
    parts: dict[str, int] = {}
    with bare_sql.connect(url) as engine, engine.connect() as connection:
        for table in TABLES:
            [row] = connection.exec_driver_sql(
                "SELECT pg_table_size(%(t)s::regclass) AS heap,"
                " pg_indexes_size(%(t)s::regclass) AS indexes",
                {"t": table},
            )
            parts |= {f"{table} heap": row.heap, f"{table} indexes": row.indexes}
        wal = connection.exec_driver_sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return Sizes(parts, int(wal.scalar_one()))

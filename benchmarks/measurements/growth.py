"""What a message costs in bytes, and whether a long log slows anything down.

Bytes per message, over its whole life (scheduled, claimed, queued, sent): by how much
``stored_events`` and ``broadcast_messages`` grow, heap and indexes apart, as they are right after
(no VACUUM in between but autovacuum's), divided by the number of messages; and the write-ahead log
written meanwhile, for scheduling and for the rest apart, full pages included where a checkpoint
came in between.

Beside a fresh log, the same in a log of millions of events of messages that were sent before, under
autovacuum as it is by default: messages per second of the campaigner and of one broadcaster, as in
``scheduling`` and ``lifecycle``. The long log grows by every round.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.contenders import bare_sql
from benchmarks.contenders.sendtrail_workers import Broadcasting, Running, settings
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.measuring import Comparison, Figure, Row, Simple
from benchmarks.harness.postgres_fixture import Stage
from benchmarks.measurements import template_databases
from projections.container import Container

TABLES = ("stored_events", "broadcast_messages")


class Sizes(NamedTuple):
    """Bytes: of each table's heap and of its indexes, and of all write-ahead log so far."""

    parts: dict[str, int]
    wal: int


class Growing(Simple):
    """A campaign to ``leads`` leads, in a fresh log and in one of as many campaigns more as
    ``before`` says."""

    def __init__(self, leads: int, before: int) -> None:
        self.leads = leads
        self.before = before
        long = f"{template_databases.events(leads, before):,} events before"
        self.rows: list[Row] = [
            Comparison(
                f"schedule {leads:,}, {long}", "schedule long", "in a fresh log", "schedule fresh"
            ),
            Comparison(
                f"claim, queue, send {leads:,}, {long}", "send long", "in a fresh log", "send fresh"
            ),
        ]
        for table in TABLES:
            for part in ("heap", "indexes"):
                what = f"a sent message in {table}, {part}"
                self.rows.append(Figure(what, f"{table} {part}", "bytes"))
        self.rows.append(Figure("write-ahead log of scheduling a message", "wal schedule", "bytes"))
        self.rows.append(Figure("write-ahead log of sending a message", "wal send", "bytes"))

    def prepare(self, stage: Stage) -> None:
        self.fresh = template_databases.few(stage, self.leads)
        self.long = stage.copied(template_databases.sent(stage, self.leads, self.before))

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        """The fresh log first, or the long one, in turn."""
        if number % 2:
            long = self._life(self.long)
        with stage.copy(self.fresh) as url:
            fresh = self._life(url)
        if not number % 2:
            long = self._life(self.long)
        return fresh | {
            "schedule fresh": fresh["schedule"],
            "send fresh": fresh["send"],
            "schedule long": long["schedule"],
            "send long": long["send"],
        }

    def _life(self, url: str) -> dict[str, float]:
        with Container(settings(url)) as container:
            seed_data.due_campaign(container)
        before = _sizes(url)
        schedule = worker_pool.rate([Running(url, "campaigner", self.leads)], self.leads)
        between = _sizes(url)
        send = worker_pool.rate([Broadcasting(url)], self.leads)
        after = _sizes(url)
        return {
            "schedule": schedule,
            "send": send,
            "wal schedule": (between.wal - before.wal) / self.leads,
            "wal send": (after.wal - between.wal) / self.leads,
        } | {part: (after.parts[part] - before.parts[part]) / self.leads for part in after.parts}


def _sizes(url: str) -> Sizes:
    parts: dict[str, int] = {}
    with bare_sql.connected(url) as engine, engine.connect() as connection:
        for table in TABLES:
            [row] = connection.exec_driver_sql(
                "SELECT pg_table_size(%(t)s::regclass) AS heap,"
                " pg_indexes_size(%(t)s::regclass) AS indexes",
                {"t": table},
            )
            parts |= {f"{table} heap": row.heap, f"{table} indexes": row.indexes}
        found = connection.exec_driver_sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return Sizes(parts, int(found.scalar_one()))

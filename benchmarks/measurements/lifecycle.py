"""A message's life after it was scheduled: claimed, queued, sent, with every event on record.

Unit: messages per second through one or several Broadcaster processes, driven by the broadcaster's
own loop (``runners.broadcasting``), from the moment all of them are ready until the last outcome
is recorded (``crew``). The gateway accepts at once, and the devices need no pause: what is left is
Sendtrail's own work. Left out: the network, pace, receipts, and the index of the providers' ids,
which the sandbox gateway's messages are not in (``sending`` has it).

Beside it, each in as many processes and begun in the same way:

- pgqueuer's worker with a job that does nothing, from dequeue until the outcome is logged
  (``jobs``).
- The floor: bare SQL that makes the same three updates of each message, with the very same values,
  and inserts the same three events, in batches as large as a claim, into copies of
  ``broadcast_messages`` and ``stored_events`` as they were before; each process takes its share of
  the batches. Leases, lanes and counts are left out of the floor, and the cache is warm for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from benchmarks.contenders import bare_sql, optional_packages
from benchmarks.contenders.sendtrail_workers import Broadcasting
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.measuring import Comparison, Simple, Target
from benchmarks.harness.postgres_fixture import Stage
from benchmarks.harness.processor_time import Shares
from benchmarks.harness.worker_pool import Member
from projections.container import Container
from projections.database.engine import url_of
from runners.sending.claim import BATCH

# What each event changes in its message; ``s`` is the message as it was in the end.
CHANGES = {
    "message.claimed": "version = 2, status = 'processing', worker = s.worker,"
    " send_at = s.send_at, slot_day = s.slot_day, lease_until = s.lease_until, due_at = NULL",
    "message.queued": "version = 3, status = 'queued', queued_at = s.queued_at, attempt = 1,"
    " content_id = s.content_id, body_sha256 = s.body_sha256",
    "message.sent": "version = 4, status = 'sent', sent_at = s.sent_at,"
    " answered_at = s.answered_at,"
    " provider_id = s.provider_id, reason = NULL",
}


class Lifecycle(Simple):
    """``messages`` of one campaign over fifty devices, through each of the numbers of
    ``processes``."""

    def __init__(self, messages: int, processes: Sequence[int]) -> None:
        self.messages = messages
        self.processes = processes
        self.rows: list[Comparison] = []
        kinds = {"sendtrail": "messages of Sendtrail", "pgqueuer": "jobs of pgqueuer"}
        self._shares = {
            f"{kind} {count}": Shares(f"{name}, {in_words(count)}", "workers")
            for count in processes
            for kind, name in kinds.items()
            if kind == "sendtrail" or optional_packages.pgqueuer()
        }
        for count in processes:
            what = f"claim, queue, send {messages:,}, {in_words(count)}"
            ours = f"sendtrail {count}"
            self.rows.append(
                Comparison(
                    what, ours, "pgqueuer, no-op jobs", f"pgqueuer {count}", Target("≥", 1.5)
                )
            )
            self.rows.append(Comparison(what, ours, "bare SQL", f"floor {count}", Target("≥", 0.8)))

    @property
    def notes(self) -> list[str]:
        """Where the processor's time went."""
        return [shares.told() for shares in self._shares.values()]

    def prepare(self, stage: Stage) -> None:
        self.template = stage.template(self._fill)
        if optional_packages.pgqueuer():
            from benchmarks.contenders import pgqueuer_jobs

            self.jobs = stage.empty()
            pgqueuer_jobs.install(url_of(stage.url, self.jobs))
            pgqueuer_jobs.fill(url_of(stage.url, self.jobs), self.messages)
            stage.settle(self.jobs)

    def _fill(self, container: Container) -> None:
        seed_data.devices(container, seed_data.DEVICES)
        seed_data.leads(container, self.messages)
        seed_data.due_campaign(container)
        seed_data.triggered(container, self.messages)
        with container.database.transaction() as connection:
            bare_sql.tables(connection)
            for table, copy in (
                ("stored_events", bare_sql.EVENTS),
                ("broadcast_messages", bare_sql.MESSAGES),
            ):
                names = bare_sql.columns(connection, table)
                connection.exec_driver_sql(
                    f"INSERT INTO {copy} ({names}) SELECT {names} FROM {table}"
                )

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        """Sendtrail before the floor, which writes its rows again; pgqueuer before both of them or
        after, in turn."""
        rates = {}
        for count in self.processes:
            if number % 2 and optional_packages.pgqueuer():
                rates[f"pgqueuer {count}"] = self._pgqueuer(stage, count)
            with stage.copy(self.template) as url:
                works = [Broadcasting(url, n) for n in range(count)]
                shares = self._shares[f"sendtrail {count}"]
                rates[f"sendtrail {count}"] = shares.rate(url, works, self.messages)
                rates[f"floor {count}"] = self._floor(url, count)
            if not number % 2 and optional_packages.pgqueuer():
                rates[f"pgqueuer {count}"] = self._pgqueuer(stage, count)
        return rates

    def _pgqueuer(self, stage: Stage, processes: int) -> float:
        from benchmarks.contenders import pgqueuer_jobs

        with stage.copy(self.jobs) as url:
            shares = self._shares[f"pgqueuer {processes}"]
            return shares.rate(url, [pgqueuer_jobs.Working(url)] * processes, self.messages)

    def _floor(self, url: str, processes: int) -> float:
        with bare_sql.connected(url) as engine:
            statements = self._statements(engine)
        works = [
            Rewriting(url, statements, self.messages, number, processes)
            for number in range(processes)
        ]
        return worker_pool.rate(works, self.messages)

    def _statements(self, engine: Engine) -> list[tuple[str, str]]:
        """The update and the insert of each moment of a life; ``n`` numbers the messages."""
        with engine.begin() as connection:
            found = bare_sql.number(
                connection,
                "lives",
                "SELECT m.*, e.notification_id FROM stored_events e JOIN broadcast_messages m"
                " ON m.message_id = e.originator_id"
                " WHERE e.topic = 'message.claimed' AND m.status = 'sent'",
                "notification_id",
            )
            assert found == self.messages, f"{found} messages sent"
            names = bare_sql.columns(connection, "stored_events")
            statements = []
            for topic, changes in CHANGES.items():
                source = topic.replace(".", "_")
                query = (
                    f"SELECT {names}, notification_id FROM stored_events WHERE topic = '{topic}'"
                )
                bare_sql.number(connection, source, query, "notification_id")
                statements.append(
                    (
                        f"UPDATE {bare_sql.MESSAGES} m SET {changes} FROM lives s"
                        " WHERE s.n BETWEEN %(first)s AND %(last)s AND m.message_id = s.message_id",
                        f"INSERT INTO {bare_sql.EVENTS} ({names}) SELECT {names} FROM {source}"
                        " WHERE n BETWEEN %(first)s AND %(last)s ORDER BY n",
                    )
                )
        return statements


@dataclass(frozen=True)
class Rewriting:
    """The floor's process ``number`` of so many: every so many-th batch of messages."""

    url: str
    statements: Sequence[tuple[str, str]]
    messages: int
    number: int
    processes: int

    def __call__(self, member: Member) -> None:
        with bare_sql.connected(self.url) as engine:
            engine.connect().close()
            member.begin()
            step = self.processes * BATCH
            for start in range(1 + self.number * BATCH, self.messages + 1, step):
                last = min(start + BATCH - 1, self.messages)
                for update, insert in self.statements:
                    with engine.begin() as connection:
                        connection.exec_driver_sql(update, {"first": start, "last": last})
                        connection.exec_driver_sql(insert, {"first": start, "last": last})
                member.did(last - start + 1)


def in_words(count: int) -> str:
    """So many processes."""
    return "1 process" if count == 1 else f"{count} processes"

"""The floor of a message's life: the same three updates of each message, with the very same values,
and the same three events, in batches as large as a claim.

The copies of ``broadcast_messages`` and ``stored_events`` begin as the tables were before anything
was claimed. Each process takes its share of the batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from benchmarks.contenders import bare_sql
from benchmarks.harness.worker_pool import PoolWorker
from runners.sending.claim_window import BATCH

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


def copy_tables(connection: Connection) -> None:
    """Create the copies, with the rows that Sendtrail's tables have now."""
    bare_sql.create_copies(connection)
    for table, copy in (
        ("stored_events", bare_sql.EVENTS_COPY),
        ("broadcast_messages", bare_sql.MESSAGES_COPY),
    ):
        columns = bare_sql.column_names(connection, table)
        connection.exec_driver_sql(f"INSERT INTO {copy} ({columns}) SELECT {columns} FROM {table}")


def prepare_statements(engine: Engine, messages: int) -> list[tuple[str, str]]:
    """Number the rows that Sendtrail has written since; returns the update and the insert of each
    event of a message's life. ``n`` numbers the messages.

    Raises AssertionError if not exactly so many ``messages`` are sent.
    """
    with engine.begin() as connection:
        sent = bare_sql.number_rows(
            connection,
            "lives",
            "SELECT m.*, e.notification_id FROM stored_events e JOIN broadcast_messages m"
            " ON m.message_id = e.originator_id"
            " WHERE e.topic = 'message.claimed' AND m.status = 'sent'",
            "notification_id",
        )
        assert sent == messages, f"{sent} messages sent"
        columns = bare_sql.column_names(connection, "stored_events")
        statements = []
        for topic, changes in CHANGES.items():
            source = topic.replace(".", "_")
            query = f"SELECT {columns}, notification_id FROM stored_events WHERE topic = '{topic}'"
            bare_sql.number_rows(connection, source, query, "notification_id")
            statements.append(
                (
                    f"UPDATE {bare_sql.MESSAGES_COPY} m SET {changes} FROM lives s"
                    " WHERE s.n BETWEEN %(first)s AND %(last)s AND m.message_id = s.message_id",
                    f"INSERT INTO {bare_sql.EVENTS_COPY} ({columns}) SELECT {columns} FROM {source}"
                    " WHERE n BETWEEN %(first)s AND %(last)s ORDER BY n",
                )
            )
    return statements


@dataclass(frozen=True)
class LifecycleTask:
    """Process ``number`` (from 0) of ``processes``: it writes every ``processes``-th batch.

    ``statements`` are those of ``prepare_statements`` for so many ``messages``.
    """

    url: str
    statements: Sequence[tuple[str, str]]
    messages: int
    number: int
    processes: int

    def __call__(self, worker: PoolWorker) -> None:
        """Connect, wait for the others, write; one commit for each event of a batch."""
        with bare_sql.connect(self.url) as engine:
            engine.connect().close()
            worker.begin()
            step = self.processes * BATCH
            for first in range(1 + self.number * BATCH, self.messages + 1, step):
                last = min(first + BATCH - 1, self.messages)
                for update, insert in self.statements:
                    with engine.begin() as connection:
                        connection.exec_driver_sql(update, {"first": first, "last": last})
                        connection.exec_driver_sql(insert, {"first": first, "last": last})
                worker.add_committed(last - first + 1)

"""The floor of recording receipts: the same events, and the same two updates of each message, with
the very same values, in batches as large as the receiver's.

The copies of ``broadcast_messages`` and ``stored_events`` begin as the tables were before any
receipt came (``bare_sql_lifecycle.copy_tables``). Webhooks, provider's ids and the counts that the
receiver keeps are left out.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from benchmarks.contenders import bare_sql
from projections.intake.receiver import BATCH

# What each kind of event changes in its message; ``s`` is the message as it was in the end.
CHANGES = {
    "message.delivered": "delivered_at = s.delivered_at",
    "message.read": "read_at = s.read_at",
}


def prepare(engine: Engine, before: int, messages: int) -> Callable[[], None]:
    """Number the events that Sendtrail has written since the notification id ``before``; returns a
    function that writes them again.

    Raises AssertionError if not each of so many ``messages`` was delivered and read.
    """
    statements: dict[str, tuple[str, str]] = {}
    with engine.begin() as connection:
        columns = bare_sql.column_names(connection, "stored_events")
        for topic, changes in CHANGES.items():
            source = topic.replace(".", "_")
            query = (
                "SELECT e.*, m.delivered_at, m.read_at FROM stored_events e"
                " JOIN broadcast_messages m ON m.message_id = e.originator_id"
                f" WHERE e.topic = '{topic}' AND e.notification_id > {before}"
            )
            count = bare_sql.number_rows(connection, source, query, "notification_id")
            assert count == messages, f"{count} of {topic}"
            statements[topic] = (
                f"UPDATE {bare_sql.MESSAGES_COPY} m SET version = s.originator_version, {changes}"
                f" FROM {source} s WHERE s.n BETWEEN %(first)s AND %(last)s"
                " AND m.message_id = s.originator_id",
                f"INSERT INTO {bare_sql.EVENTS_COPY} ({columns}) SELECT {columns} FROM {source}"
                " WHERE n BETWEEN %(first)s AND %(last)s ORDER BY n",
            )

    def write() -> None:
        for update, insert in statements.values():
            for first in range(1, messages + 1, BATCH):
                with engine.begin() as connection:
                    share = {"first": first, "last": first + BATCH - 1}
                    connection.exec_driver_sql(update, share)
                    connection.exec_driver_sql(insert, share)

    return write

"""The floor of scheduling: the same rows of ``stored_events`` and ``broadcast_messages``.

``INSERT ... SELECT`` writes them in as many transactions as Sendtrail did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from benchmarks.contenders import bare_sql


def prepare_inserts(
    engine: Engine, before: int, scheduled: int, transactions: int
) -> Callable[[], None]:
    """Number the rows that Sendtrail has written since the notification id ``before``; returns a
    function that inserts them again, in so many transactions of equal shares.

    Raises AssertionError if not exactly ``scheduled`` messages are among them.
    """
    with engine.begin() as connection:
        bare_sql.create_copies(connection)
        event_columns = bare_sql.column_names(connection, "stored_events")
        message_columns = bare_sql.column_names(connection, "broadcast_messages")
        events = bare_sql.number_rows(
            connection,
            "events",
            f"SELECT * FROM stored_events WHERE notification_id > {before}",
            "notification_id",
        )
        messages = bare_sql.number_rows(
            connection,
            "messages",
            "SELECT m.*, e.notification_id FROM events e"
            " JOIN broadcast_messages m ON m.message_id = e.originator_id",
            "notification_id",
        )
    assert messages == scheduled, f"{messages} messages"
    statements = [
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {source}"
        " WHERE n BETWEEN %(first)s AND %(last)s ORDER BY n"
        for table, columns, source in (
            (bare_sql.MESSAGES_COPY, message_columns, "messages"),
            (bare_sql.EVENTS_COPY, event_columns, "events"),
        )
    ]
    return lambda: _insert(engine, statements, [messages, events], transactions)


def _insert(
    engine: Engine, statements: Sequence[str], row_counts: Sequence[int], transactions: int
) -> None:
    for number in range(transactions):
        with engine.begin() as connection:
            for statement, count in zip(statements, row_counts, strict=True):
                first = number * count // transactions + 1
                last = (number + 1) * count // transactions
                connection.exec_driver_sql(statement, {"first": first, "last": last})

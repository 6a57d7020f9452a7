"""Then: what is in the log."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from projections.database.engine import rows


def log(container: Container) -> list[Any]:
    """The log as people read it: topic, actor, data and so on."""
    with container.database.transaction() as connection:
        return rows(connection, "SELECT * FROM event_log ORDER BY notification_id")


def topics(container: Container) -> list[str]:
    """What happened, in order."""
    return [event.topic for event in log(container)]


def table(container: Container, name: str) -> list[Any]:
    """All rows of a table."""
    with container.database.transaction() as connection:
        return rows(connection, f"SELECT * FROM {name}")


def everything(container: Container) -> str:
    """All rows of all tables as text, the events decoded."""
    with container.database.transaction() as connection:
        tables = rows(
            connection,
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
        )
        texts = [
            str(row[0])
            for table in tables
            for row in rows(connection, f"SELECT t::text FROM {table[0]}.{table[1]} t")
        ]
        texts += [str(row[0]) for row in rows(connection, "SELECT e::text FROM event_log e")]
        kept = rows(connection, "SELECT convert_from(body, 'UTF8') FROM idempotency")
    return "\n".join([*texts, *(row[0] for row in kept)])

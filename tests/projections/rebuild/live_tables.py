"""The live read models before and after a swap: which they are, what is in them, their shape."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from projections.database.engine import rows
from projections.rebuild.rebuild import rebuild
from projections.schema.columns import READ_MODELS

TABLES = set(READ_MODELS.tables)


VIEW = "broadcast_message_report"


def differences(container: Container, **options: Any) -> dict[str, str]:
    found = rebuild(container.database, **options)
    return {table: difference for table, difference in found.items() if difference is not None}


def query(container: Container, statement: str) -> list[Any]:
    with container.database.transaction() as connection:
        return rows(connection, statement)


def execute(container: Container, *statements: str) -> None:
    with container.database.transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def identities(container: Container) -> dict[str, int]:
    """The live tables and views as PostgreSQL knows them: which they are, whatever is in them."""
    statement = (
        "SELECT relname, oid::bigint FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
    )
    return {row.relname: row.oid for row in query(container, statement)}


def replaced(container: Container, before: dict[str, int]) -> set[str]:
    """Which are others now than those of ``before``; there are as many."""
    now = identities(container)
    assert now.keys() == before.keys()
    return {name for name in now if now[name] != before[name]}


def contents(container: Container) -> dict[str, list[str]]:
    """Every row of every read model, but for the leases: old ones are forgotten without an event,
    and the reaper forgets them again."""

    def all_of(name: str) -> list[str]:
        found = query(container, f"SELECT t::text AS whole FROM {name} t ORDER BY 1")
        return [row.whole for row in found]

    return {name: all_of(name) for name in TABLES - {"leases"}}


def shape(container: Container) -> list[Any]:
    """Indexes, constraints and storage options of the live tables."""
    return query(
        container,
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
        " UNION ALL SELECT relname, reloptions::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2",
    )

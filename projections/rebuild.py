"""Proves that the read models are what the events say: builds them anew in a schema of their own,
with the very same handlers, and compares every row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table

from projections.database import Database, rows
from projections.projector import project
from projections.sealing import unseal
from projections.tables import READ_MODELS, create_read_models

SCHEMA = "rebuild"
LIVE = "public"
PAGE = 5000

Progress = Callable[[int, int], None]

# A lease is a hint that may outlive its messages: what it says of open ones is what counts.
_OPEN_LEASES = """
    SELECT m.message_id, l.worker, l.lease_until
    FROM {schema}.leases l JOIN {schema}.broadcast_messages m ON m.message_id = ANY(l.message_ids)
        AND m.worker = l.worker AND m.lease_until = l.lease_until
    WHERE m.status IN ('processing', 'queued')
"""


def rebuild(
    database: Database, progress: Progress = lambda done, total: None
) -> dict[str, str | None]:
    """Rebuilds every read model beside the live ones; says per table None where they are identical,
    else what the first difference is (keys and column names, no values).

    The live tables are read in one snapshot, with exactly the events that made them, so commands
    and runners may go on meanwhile.
    """
    with database.transaction("rebuild") as connection:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
        _work_in(connection, SCHEMA)
        create_read_models(connection)
    position = 0
    while True:
        with database.transaction("rebuild") as connection:
            total = _last_id(connection)
            _work_in(connection, SCHEMA)
            after = _replay_page(connection, position)
        progress(min(after or total, total), total)
        if after is None:
            break
        position = after
    return _compare(database, position)


def _compare(database: Database, position: int) -> dict[str, str | None]:
    """Catches up with one snapshot and compares in it."""
    with (
        database.engine.connect().execution_options(
            isolation_level="REPEATABLE READ"
        ) as connection,
        connection.begin(),
    ):
        _work_in(connection, SCHEMA)
        while (after := _replay_page(connection, position)) is not None:
            position = after
        return {table.name: _difference(connection, table) for table in READ_MODELS.sorted_tables}


def _replay_page(connection: Connection, position: int) -> int | None:
    """Projects the next events after ``position``; returns the last one's id, None at the end."""
    page = rows(
        connection,
        "SELECT originator_id, originator_version, topic, state, notification_id"
        f" FROM {LIVE}.stored_events WHERE notification_id > %(position)s"
        " ORDER BY notification_id LIMIT %(limit)s",
        position=position,
        limit=PAGE,
    )
    if not page:
        return None
    events = [(row[0], row[1], row[2], bytes(row[3])) for row in page]
    project(connection, unseal(connection, events))
    return int(page[-1][4])


def _last_id(connection: Connection) -> int:
    found = rows(connection, f"SELECT coalesce(max(notification_id), 0) FROM {LIVE}.stored_events")
    return int(found[0][0])


def _work_in(connection: Connection, schema: str) -> None:
    # Functions are found in the live schema; every table is there in the first one.
    connection.exec_driver_sql(f"SET LOCAL search_path = {schema}, {LIVE}")


def _source(table: Table, schema: str) -> str:
    if table.name == "leases":
        return _OPEN_LEASES.format(schema=schema)
    return f"SELECT * FROM {schema}.{table.name}"


def _difference(connection: Connection, table: Table) -> str | None:
    digests = [
        rows(
            connection,
            "SELECT count(*), coalesce(sum(hashtextextended(r::text, 0)), 0)"
            f" FROM ({_source(table, schema)}) r",
        )[0]
        for schema in (LIVE, SCHEMA)
    ]
    if digests[0] == digests[1]:
        return None
    keys = [column.name for column in table.primary_key]
    if table.name == "leases":
        keys = ["message_id"]
    found = rows(
        connection,
        f"""
        SELECT to_jsonb(a) AS live, to_jsonb(b) AS rebuilt
        FROM ({_source(table, LIVE)}) a
        FULL JOIN ({_source(table, SCHEMA)}) b USING ({", ".join(keys)})
        WHERE to_jsonb(a) IS DISTINCT FROM to_jsonb(b) ORDER BY {", ".join(keys)} LIMIT 1
        """,
    )
    return _describe(found[0].live, found[0].rebuilt, keys)


def _describe(live: dict[str, Any] | None, rebuilt: dict[str, Any] | None, keys: list[str]) -> str:
    row = live or rebuilt or {}
    key = ", ".join(f"{name} {row.get(name)}" for name in keys)
    if live is None:
        return f"{key}: missing in the live table"
    if rebuilt is None:
        return f"{key}: only in the live table"
    columns = ", ".join(sorted(name for name in live if live[name] != rebuilt[name]))
    return f"{key}: differs in {columns}"

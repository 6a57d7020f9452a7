"""All that is in a database, without a container: an outdated one does not open it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from projections.database.engine import Database, rows

T = TypeVar("T")

_RELATIONS = """
SELECT n.nspname || '.' || c.relname AS name, c.relkind, c.oid::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'v')
"""

_FUNCTIONS = """
SELECT n.nspname || '.' || p.proname AS name, p.oid::bigint
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
"""

# Not the text of functions: which collation one names depends on the server.
_SHAPE = """
SELECT 'column' AS kind, c.relname || '.' || a.attname AS name, concat_ws(' ', a.attnum,
    format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
    pg_get_expr(d.adbin, d.adrelid)) AS what
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
UNION ALL SELECT 'table', relname, concat_ws(' ', relkind, relpersistence, reloptions::text)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text || '.' || conname,
    pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    -- PostgreSQL 18 names these, after what table and column were called first; columns say them.
    AND contype <> 'n'
UNION ALL SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'public'
UNION ALL SELECT 'function', oid::regprocedure::text,
    concat_ws(' ', prorettype::regtype, provolatile, proisstrict, proparallel) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'type', typname, format_type(typbasetype, typtypmod) FROM pg_type
WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e')
UNION ALL SELECT 'schema', nspname, '' FROM pg_namespace WHERE nspname !~ '^pg_'
ORDER BY 1, 2, 3
"""


def everything(url: str) -> dict[str, list[str]]:
    """Every table with its rows, every view and function, and which they are."""

    def read(connection: Connection) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for relation in rows(connection, _RELATIONS):
            found[relation.name] = [f"{relation.relkind} {relation.oid}"]
            if relation.relkind == "r":
                texts = rows(connection, f"SELECT t::text FROM {relation.name} t ORDER BY 1")
                found[relation.name] += [row[0] for row in texts]
        for function in rows(connection, _FUNCTIONS):
            found[f"function {function.name}"] = [str(function.oid)]
        return found

    return _ask(url, read)


def shape(url: str) -> list[Any]:
    """How the live schema is made: all of it but its rows."""
    return _ask(url, lambda connection: [tuple(row) for row in rows(connection, _SHAPE)])


def _ask(url: str, question: Callable[[Connection], T]) -> T:
    database = Database(url)
    try:
        with database.transaction() as connection:
            return question(connection)
    finally:
        database.close()

"""Compares two builds of a read model, row by row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table

from projections.database.engine import rows

# A lease is a hint that may outlive its messages: only what it says of open ones is compared.
_OPEN_LEASES = """
    WITH m AS MATERIALIZED (
        SELECT message_id, worker, lease_until FROM {schema}.broadcast_messages
        WHERE status IN ('processing', 'queued'))
    SELECT m.* FROM m JOIN {schema}.leases l USING (worker, lease_until)
    WHERE m.message_id = ANY(l.message_ids)
"""

# SQL: the digest of the row ``r``. It is made of the values, because to make text of them takes
# three times as long. It is hashed once more, because the hash of a record adds up those of its
# columns: added up over all rows, it would not matter which row has which value of a column.
_DIGEST = "hashint8extended(hash_record_extended(r, 0), 0)"


def difference(connection: Connection, table: Table, live: str, rebuilt: str) -> str | None:
    """Describe the first row of ``table`` in which the schemas ``live`` and ``rebuilt`` differ.

    The description has the row's key and the names of its columns, without values; None if the
    tables are identical. A table or column that only one of them has is new and no difference.
    """
    keys = [column.name for column in table.primary_key]
    if table.name == "leases":
        keys = ["message_id"]
        sources = [_OPEN_LEASES.format(schema=schema) for schema in (live, rebuilt)]
    else:
        columns = ", ".join(_common(connection, table.name, live, rebuilt))
        if not columns:
            return None
        sources = [f"SELECT {columns} FROM {schema}.{table.name}" for schema in (live, rebuilt)]
    digests = rows(
        connection,
        " UNION ALL ".join(
            f"SELECT count(*), coalesce(sum({_DIGEST}), 0) FROM ({source}) r" for source in sources
        ),
    )
    if digests[0] == digests[1]:
        return None
    (row,) = rows(
        connection,
        f"""
        SELECT to_jsonb(a) AS live, to_jsonb(b) AS rebuilt
        FROM ({sources[0]}) a FULL JOIN ({sources[1]}) b USING ({", ".join(keys)})
        WHERE to_jsonb(a) IS DISTINCT FROM to_jsonb(b) ORDER BY {", ".join(keys)} LIMIT 1
        """,
    )
    return _describe(row.live, row.rebuilt, keys)


def _common(connection: Connection, table: str, *schemas: str) -> list[str]:
    """The columns, in SQL, that the table has in every one of these schemas. What has no hash, as
    the type ``tsvector``, is compared as text."""
    columns = rows(
        connection,
        "SELECT CASE min(format_type(atttypid, NULL)) WHEN 'tsvector'"
        " THEN format('%%1$I::text AS %%1$I', attname) ELSE attname::text END"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
        " JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relname = %(table)s AND nspname = ANY(%(schemas)s) AND attnum > 0"
        " AND NOT attisdropped GROUP BY attname HAVING count(*) = %(number)s"
        " ORDER BY min(attnum), 1",
        table=table,
        schemas=list(schemas),
        number=len(schemas),
    )
    return [row[0] for row in columns]


def _describe(live: dict[str, Any] | None, rebuilt: dict[str, Any] | None, keys: list[str]) -> str:
    row = live or rebuilt or {}
    key = ", ".join(f"{name} {row.get(name)}" for name in keys)
    if live is None:
        return f"{key}: missing in the live table"
    if rebuilt is None:
        return f"{key}: only in the live table"
    columns = ", ".join(sorted(name for name in live if live[name] != rebuilt[name]))
    return f"{key}: differs in {columns}"

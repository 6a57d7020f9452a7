"""What the read models of a database lack, or have still, that an earlier version made."""

from __future__ import annotations

from sqlalchemy import Connection

from projections.schema.columns import READ_MODELS
from projections.schema.read_models import FORMER_READ_MODELS


def outdated(connection: Connection) -> list[str]:
    """Columns and indexes of the read models that the database does not have yet: it was made by an
    earlier version, and a rebuild adds them."""
    found = connection.exec_driver_sql(
        "SELECT relname || coalesce('.' || attname, '') FROM pg_class c"
        " LEFT JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped"
        "     AND relkind = 'r'"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')"
    )
    there = {row[0] for row in found}
    tables = READ_MODELS.sorted_tables
    wanted = [str(column) for table in tables for column in table.columns]
    wanted += [str(index.name) for table in tables for index in table.indexes]
    return [name for name in wanted if name not in there]


def former(connection: Connection) -> list[str]:
    """Read models of an earlier version that the database has. Where they are, that version may
    have run last: then the present ones lack its events, and a rebuild replaces them."""
    there = connection.exec_driver_sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind = 'r' AND relname = ANY(%(names)s) ORDER BY 1",
        {"names": list(FORMER_READ_MODELS)},
    )
    return [row.relname for row in there]

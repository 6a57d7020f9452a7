"""Indexes of a schema that is being filled: created once it is full, from sorted rows.

That takes a fraction of the time of adding to them row by row. A row that is in fewer indexes also
changes in place (HOT) more often.
"""

from __future__ import annotations

from sqlalchemy import Connection

from projections.database.engine import rows
from projections.schema.read_models import HANDLERS_LOOK_UP

# Unique constraints with the indexes that are theirs, and indexes of their own.
_DEFERRABLE = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', i.indrelid::regclass, c.conname) AS drop,
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', i.indrelid::regclass, c.conname,
        pg_get_constraintdef(c.oid)) AS make
FROM pg_index i JOIN pg_constraint c ON c.conindid = i.indexrelid
WHERE c.connamespace = %(schema)s::regnamespace AND c.contype = 'u'
UNION ALL
SELECT format('DROP INDEX %%s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class r ON r.oid = i.indexrelid
WHERE r.relnamespace = %(schema)s::regnamespace AND r.relname <> ALL(%(kept)s)
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""


def unique(statements: list[str]) -> list[str]:
    """Those of the ``statements`` that create what refuses a row twice; the others create what only
    readers need."""
    return [each for each in statements if " UNIQUE " in each]


def defer_indexes(connection: Connection, schema: str) -> list[str]:
    """Drop every index of that empty schema that no handler looks up.

    Returns the statements that create them again.
    """
    indexes = rows(connection, _DEFERRABLE, schema=schema, kept=list(HANDLERS_LOOK_UP))
    for index in indexes:
        connection.exec_driver_sql(index.drop)
    return [index.make for index in indexes]

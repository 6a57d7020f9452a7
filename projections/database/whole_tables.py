"""Statements that read whole tables, planned by the sizes of these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

# ``engine.SESSION`` prefers look-ups in indexes, which take several times as long as one scan where
# most of a table is wanted. What is sorted or hashed stays in memory up to the last of these.
_PLANS = """
SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on;
SET LOCAL work_mem = '64MB'
"""


@contextmanager
def planned_by_size(connection: Connection) -> Iterator[None]:
    """Let PostgreSQL plan the statements of the block by the sizes of the tables.

    The block may only read: it is a savepoint that is rolled back, which ends its settings, also
    those that the block makes itself with SET LOCAL.
    """
    savepoint = connection.begin_nested()
    try:
        connection.exec_driver_sql(_PLANS)
        yield
    finally:
        savepoint.rollback()

"""Which statements a database is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import cursor
from sqlalchemy import event

from projections.database.engine import Database


@contextmanager
def noted(database: Database) -> Iterator[list[str]]:
    """The statements that the block sends, whoever gives them to the driver. Connections that are
    in use already are left out."""
    seen: list[str] = []

    class Noting(cursor):
        def execute(self, statement: Any, parameters: Any = None) -> None:
            seen.append(statement)
            super().execute(statement, parameters)

    def begin(connection: Any, *_: Any) -> None:
        connection.cursor_factory = Noting

    def end(connection: Any, *_: Any) -> None:
        connection.cursor_factory = cursor

    event.listen(database.engine, "checkout", begin)
    event.listen(database.engine, "checkin", end)
    try:
        yield seen
    finally:
        event.remove(database.engine, "checkout", begin)
        event.remove(database.engine, "checkin", end)

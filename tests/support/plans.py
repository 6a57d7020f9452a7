"""How the server reads its tables for what a connection asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg2.extensions import cursor
from sqlalchemy import Connection


class Explained:
    """Explains each query that a connection is given from now on, before it runs: ``plans`` are of
    EXPLAIN (ANALYZE), each beside its statement. What only locks or changes is left out."""

    def __init__(self, connection: Connection) -> None:
        self.plans: list[tuple[str, Any]] = []
        noted = self.plans

        class Explaining(cursor):
            def execute(self, statement: Any, parameters: Any = None) -> None:
                before, _, call = statement.rpartition("; ")
                if call.lstrip().startswith(("EXECUTE", "SELECT", "WITH")):
                    if before:
                        super().execute(before, parameters)
                    super().execute(f"EXPLAIN (ANALYZE, FORMAT json) {call}", parameters)
                    noted.append((call, self.fetchall()[0][0][0]["Plan"]))
                super().execute(statement, parameters)

        session: Any = connection.connection.dbapi_connection
        session.cursor_factory = Explaining

    @property
    def nodes(self) -> list[Any]:
        """All nodes of all plans."""
        return [node for _, plan in self.plans for node in nodes(plan)]


def nodes(plan: Any) -> Iterator[Any]:
    """The plan and all below it."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)

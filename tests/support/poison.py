"""Given: somebody with all rights on the database wrote random bytes into the log."""

from __future__ import annotations

import os
from collections.abc import Iterable
from uuid import UUID

from projections.container import Container
from projections.database.engine import rows
from tests.support import then


def next_event(container: Container, table: str, ids: Iterable[UUID], topic: str = "") -> list[int]:
    """Random bytes as the next event of each of these aggregates, which their rows in ``table``
    never saw; returns the notification ids."""
    kind = table.removesuffix("s")
    key = "message_id" if table == "broadcast_messages" else f"{kind}_id"
    written = []
    with container.database.engine.begin() as connection:
        for id_ in ids:
            (row,) = rows(
                connection, f"SELECT version FROM {table} WHERE {key} = %(i)s", i=str(id_)
            )
            written.append(_write(connection, id_, row.version + 1, topic or "message.sent"))
    return written


def first_event(container: Container, ids: Iterable[UUID], topic: str) -> list[int]:
    """Random bytes as the first event of streams that there are not yet."""
    with container.database.engine.begin() as connection:
        return [_write(connection, id_, 1, topic) for id_ in ids]


def quarantined(container: Container, kind: str) -> set[UUID]:
    """What is put aside of that kind."""
    return {row.id for row in then.table(container, "quarantine") if row.kind == kind}


def _write(connection: object, id_: UUID, version: int, topic: str) -> int:
    (row,) = rows(
        connection,  # type: ignore[arg-type]
        "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
        " VALUES (%(id)s, %(version)s, %(topic)s, %(state)s) RETURNING notification_id",
        id=str(id_),
        version=version,
        topic=topic,
        state=os.urandom(40),
    )
    return int(row.notification_id)

"""What a question is asked of: the read models of today, or those of an earlier instant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from domain.errors import InvalidInputError
from projections.database.engine import Database
from projections.rebuild.as_of import PATIENCE, as_of
from projections.rebuild.rebuild import Progress, last_id


class Snapshot(NamedTuple):
    """The read models that ``connection`` finds: as they were ``at`` an instant, after the event
    ``position`` of the log. ``erased`` counts the people who are missing because they were erased
    since."""

    connection: Connection
    at: datetime
    position: int
    erased: int = 0


@contextmanager
def snapshot(
    database: Database,
    now: datetime,
    at: datetime | None = None,
    progress: Progress = lambda done, total: None,
) -> Iterator[Snapshot]:
    """The read models as they are ``now``, or as they were ``at`` an earlier instant, in the block.
    ``progress`` is told of the replay that the latter needs.

    Raises InvalidInputError for an instant that is yet to come.
    """
    if at is not None:
        if at > now:
            raise InvalidInputError("as_of", "an instant that has passed")
        with as_of(database, at, progress) as past:
            yield Snapshot(past.connection, at, past.position, past.erased)
        return
    with (
        database.engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection,
        connection.begin(),
    ):
        connection.exec_driver_sql(PATIENCE)
        yield Snapshot(connection, now, last_id(connection))

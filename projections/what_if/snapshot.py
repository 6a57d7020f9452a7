"""What a question is asked of: the read models of today, or those of an earlier instant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from domain.errors import BusyError, InvalidInputError
from projections.database.engine import Database, rows
from projections.rebuild.as_of import PATIENCE, as_of
from projections.rebuild.rebuild import Progress, last_id

# Questions about the past that are answered at once, over all processes: each keeps a core and a
# part of the disk busy. The advisory locks of these follow each other.
AT_ONCE = 2
_LOCK = 0x7768_6174_0000


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
    *,
    takes_turn: bool = False,
) -> Iterator[Snapshot]:
    """The read models as they are ``now``, or as they were ``at`` an earlier instant, in the block.
    ``progress`` is told of the replay that the latter needs.

    Raises InvalidInputError for an instant that is yet to come. With ``takes_turn`` it is one of
    ``AT_ONCE`` blocks: raises BusyError where there are so many.
    """
    if at is not None:
        if at > now:
            raise InvalidInputError("as_of", "an instant that has passed")
        begin = take_turn if takes_turn else None
        with as_of(database, at, progress, begin) as past:
            yield Snapshot(past.connection, at, past.position, past.erased)
        return
    with (
        database.engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection,
        connection.begin(),
    ):
        connection.exec_driver_sql(PATIENCE)
        if takes_turn:
            take_turn(connection)
        yield Snapshot(connection, now, last_id(connection))


def take_turn(connection: Connection) -> None:
    """Be one of ``AT_ONCE`` until the transaction ends. Raises BusyError."""
    for place in range(AT_ONCE):
        (taken,) = rows(connection, "SELECT pg_try_advisory_xact_lock(%(key)s)", key=_LOCK + place)
        if taken[0]:
            return
    raise BusyError(f"{AT_ONCE} questions about the past are being answered; ask again later")

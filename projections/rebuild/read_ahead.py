"""The log in pages, as a rebuild projects it: in the clear, and read ahead.

Whoever projects a page waits for PostgreSQL most of the time. A thread reads, decrypts and decodes
the next one meanwhile, so that both cost about as much time as the longer of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DataError

from domain.errors import StorageError
from projections.database.engine import Database
from projections.eventstore.encryption import PERSONAL, decrypt_state
from projections.readmodels.projector import Change, changes

# Ids and states as text: the driver makes objects of UUIDs and reads bytes from hexadecimal digits,
# which takes four times as long. The keys come along: to ask for them afterwards takes longer too.
_PAGE = """
SELECT e.originator_id::text, e.originator_version, e.topic, convert_from(e.state, 'UTF8'), k.key,
    e.notification_id
FROM public.stored_events e
LEFT JOIN public.lead_keys k ON k.lead_id = e.originator_id AND e.topic = ANY(%s)
WHERE e.notification_id > %s ORDER BY e.notification_id LIMIT %s
"""


class Page(NamedTuple):
    """What the events of a page do to the read models, and the ids of the first and the last."""

    first: int
    last: int
    changes: list[Change]


class _When(msgspec.Struct):
    timestamp: datetime


_when = msgspec.json.Decoder(_When).decode


def read(
    connection: Connection, position: int, size: int, until: datetime | None = None
) -> Page | None:
    """The next ``size`` events after ``position``, without those after the instant ``until``; None
    at the end. Raises StorageError if one of them cannot be read."""
    try:
        found: Any = connection.exec_driver_sql(_PAGE, (list(PERSONAL), position, size))
        # The driver's tuples: SQLAlchemy would make rows of them first.
        rows = found.cursor.fetchall()
        if not rows:
            return None
        events = [
            (
                row[0],
                row[1],
                row[2],
                decrypt_state(*row[:5]) if row[2] in PERSONAL else row[3].encode(),
            )
            for row in rows
        ]
        if until is not None:
            events = [event for event in events if _when(event[3]).timestamp <= until]
        return Page(rows[0][5], rows[-1][5], changes(events))
    except (DataError, msgspec.MsgspecError):
        raise not_as_written(position + 1, position + size) from None


@contextmanager
def read_ahead(
    database: Database, size: int, until: datetime | None = None
) -> Iterator[Iterator[Page]]:
    """Every page of the log, one of them read in advance, as ``read`` has it."""

    def following(position: int) -> Page | None:
        with database.engine.connect() as connection:
            return read(connection, position, size, until)

    with ThreadPoolExecutor(1) as thread:

        def pages() -> Iterator[Page]:
            page = following(0)
            while page is not None:
                ahead = thread.submit(following, page.last)
                yield page
                page = ahead.result()

        yield pages()


def not_as_written(first: int, last: int) -> StorageError:
    """What to say of a page that cannot be read or projected; the driver's message may say who it
    is about."""
    return StorageError(
        f"one of the events {first} to {last} is not what was written;"
        " sendtrail audit verify names it"
    )

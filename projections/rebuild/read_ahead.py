"""The log in pages, as a rebuild projects it: decrypted, and read ahead.

Projecting a page is waiting for PostgreSQL most of the time. A thread reads, decrypts and decodes
the next page meanwhile, so that both take about as long as the longer of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection
from sqlalchemy.exc import DataError

from domain.errors import StorageError
from projections.database import secret_check
from projections.database.engine import Database, rows, uuids
from projections.eventstore.encryption import PERSONAL, decrypt_state
from projections.eventstore.lead_keys import cipher_of, unwrap
from projections.readmodels.projector import Change, changes

# Ids and states are read as text: the driver makes objects of UUIDs and reads bytes from
# hexadecimal digits, which takes four times as long. The keys are joined, because another query for
# them takes longer too.
_PAGE = """
SELECT e.originator_id::text, e.originator_version, e.topic, convert_from(e.state, 'UTF8'), k.key,
    e.notification_id
FROM public.stored_events e
LEFT JOIN public.lead_keys k ON k.lead_id = e.originator_id AND e.topic = ANY(%s)
WHERE e.notification_id > %s ORDER BY e.notification_id LIMIT %s
"""

# The first version of each of these aggregates whose event is later than an instant.
_ENDS = """
SELECT originator_id::text, min(originator_version) FROM public.stored_events
WHERE originator_id = ANY(%(ids)s::uuid[])
  AND (convert_from(state, 'UTF8')::json ->> 'timestamp')::timestamptz > %(until)s
GROUP BY 1
"""


class Page(NamedTuple):
    """A page of the log.

    ``first`` and ``last`` are the notification ids of its first and last event, ``changes`` what
    its events do to the read models, in order.
    """

    first: int
    last: int
    changes: list[Change]


class _When(msgspec.Struct):
    timestamp: datetime


_when = msgspec.json.Decoder(_When).decode
# originator id, originator version, topic, state as JSON
_Event = tuple[str, int, str, bytes]


class Until:
    """Ends each stream before its first event that is later than ``instant``. Clocks differ, and
    one may have been wrong: what comes after such an event may be earlier, and is left out too, or
    the stream would have a gap."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant
        # Whether any event so far was later.
        self.passed = False

    def kept(self, connection: Connection, events: list[_Event]) -> list[_Event]:
        """Those of ``events``, the next ones of the log, that are not left out."""
        kept = [event for event in events if _when(event[3]).timestamp <= self.instant]
        self.passed |= len(kept) < len(events)
        if not (self.passed and kept):
            return kept
        ids = uuids({event[0] for event in kept})
        ends = {row[0]: row[1] for row in rows(connection, _ENDS, ids=ids, until=self.instant)}
        return [event for event in kept if event[1] < ends.get(event[0], event[1] + 1)]


def read(
    connection: Connection, position: int, size: int, until: Until | None = None
) -> Page | None:
    """The next ``size`` events after the notification id ``position``; None at the end of the log.

    Its changes are without what is left out by ``until``. Raises StorageError if an event is not
    what was written, and OtherSecretKeyError if the database has another secret key by now.
    """
    try:
        result: Any = connection.exec_driver_sql(_PAGE, (list(PERSONAL), position, size))
        # The driver's tuples, without SQLAlchemy's rows around them.
        page = result.cursor.fetchall()
        if not page:
            return None
        cipher = cipher_of(connection)
        events = [
            (*row[:3], _decrypted(cipher, row) if row[2] in PERSONAL else row[3].encode())
            for row in page
        ]
        if until is not None:
            events = until.kept(connection, events)
        return Page(page[0][5], page[-1][5], changes(events))
    except (DataError, msgspec.MsgspecError):
        raise not_as_written(position + 1, position + size) from None
    except StorageError:
        secret_check.refuse_replaced(connection)
        raise


def _decrypted(cipher: AESGCM, row: Any) -> bytes:
    """The JSON of the event with its personal data in the clear."""
    key = None if row[4] is None else unwrap(cipher, row[0], row[4])
    return decrypt_state(row[0], row[1], row[2], row[3], key)


@contextmanager
def read_ahead(
    database: Database, size: int, until: datetime | None = None
) -> Iterator[Iterator[Page]]:
    """The pages of the log as ``read`` gives them, each read while the one before is projected;
    with ``until`` every stream ends before its first event that is later than that instant.

    The iterator is for the block only. A page that cannot be read raises StorageError when it is
    asked for.
    """

    end = None if until is None else Until(until)

    def page_after(position: int) -> Page | None:
        with database.engine.connect() as connection:
            return read(connection, position, size, end)

    with ThreadPoolExecutor(1) as thread:

        def pages() -> Iterator[Page]:
            page = page_after(0)
            while page is not None:
                ahead = thread.submit(page_after, page.last)
                yield page
                page = ahead.result()

        yield pages()


def not_as_written(first: int, last: int) -> StorageError:
    """The error of a page that cannot be read or projected, of events with these ids.

    It does not repeat the driver's message, which may hold personal data.
    """
    return StorageError(
        f"one of the events {first} to {last} is not what was written;"
        " sendtrail audit verify names it"
    )

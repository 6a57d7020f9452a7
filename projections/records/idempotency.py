"""Responses to requests with an Idempotency-Key, stored so that the same request is done once.

What the client chose and sent may name a person: of both only a digest is kept, an HMAC-SHA256
under the installation's identity key. A response that names somebody who is erased is replaced.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Any, NamedTuple

import psycopg2.errors
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from domain.errors import UnderWayError
from domain.ids import hmac_sha256
from projections.database import flushing
from projections.database.engine import Database, rows, uuids

KEPT_FOR = timedelta(hours=24)
# How long a request waits for another one with its key, and how many of a process do. Two that a
# client sends at the same moment are done within that; more of them ask again.
WAIT = timedelta(seconds=3)
MOST_WAITING = 4
_waiting = BoundedSemaphore(MOST_WAITING)
_UNDER_WAY = "a request with this Idempotency-Key is still under way: ask again for its answer"
# In place of a response that named somebody who was erased since. The same request is still not
# done twice.
_FORGOTTEN_STATUS = 409
_FORGOTTEN = (
    b'{"code": 409, "status": "Conflict", "errors": {"state": "erased"},'
    b' "message": "the answer to this request named a person who was erased since"}'
)
_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StoredResponse(NamedTuple):
    """A response as it was given.

    ``request_sha256`` is the keyed fingerprint of the request, ``status`` the HTTP status, ``body``
    JSON with null in the place of every secret.
    """

    request_sha256: str
    status: int
    body: bytes


class Turn:
    """The transaction of one request with an idempotency key.

    Making one waits until no other request with the same API key and idempotency key is under way,
    and raises UnderWayError where that takes too long.
    Until ``close`` every transaction of this context is a part of the turn's, so that the command
    and its response are committed together or not at all.
    """

    def __init__(
        self, database: Database, key_name: str, idempotency_key: str, now: datetime
    ) -> None:
        self._database = database
        self._key_name = key_name
        self._idempotency_key = idempotency_key
        self._began = now
        with ExitStack() as stack:
            self._connection = stack.enter_context(database.engine.connect())
            database.begin(self._connection)
            wait_for_turn(self._connection, key_name, idempotency_key)
            stack.enter_context(database.joined(self._connection))
            self._stack = stack.pop_all()

    def stored(self, now: datetime) -> StoredResponse | None:
        """The response given to this key within the day before ``now``; None for a new key.

        A response ends the turn: whoever gave it may still wait until it is safe.
        """
        found = find(self._connection, self._key_name, self._idempotency_key, now)
        if found is not None:
            self._connection.commit()
            flushing.wait(self._connection)
        return found

    def commit(self, response: StoredResponse, now: datetime) -> None:
        """Commit what was done, together with ``response``."""
        keep(self._connection, self._key_name, self._idempotency_key, response, now)
        if _names_erased(self._connection, response.body, self._began):
            _replace(
                self._connection,
                "key_name = %(name)s AND idempotency_key = %(key)s",
                name=self._key_name,
                key=self._idempotency_key,
            )
        self._database.commit(self._connection, "command")

    def close(self) -> None:
        """Roll back what was not committed."""
        self._stack.close()


def wait_for_turn(connection: Connection, key_name: str, idempotency_key: str) -> None:
    """Lock this key until ``connection`` ends its transaction.

    Of two requests that arrive together, the second waits and finds the first one's response. It
    waits ``WAIT`` at most, and in a process ``MOST_WAITING`` do: each holds a thread, and a few
    hundred of one key would keep everybody else out. Raises UnderWayError.
    """
    digest = hashlib.sha256(f"{key_name}\0{idempotency_key}".encode()).digest()
    lock = int.from_bytes(digest[:8], "big", signed=True)
    (free,) = rows(connection, "SELECT pg_try_advisory_xact_lock(%(lock)s) AS held", lock=lock)
    if not free.held:
        _wait(connection, lock)
    # A long import commits as it goes, on other connections, while this one waits for its response.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _wait(connection: Connection, lock: int) -> None:
    if not _waiting.acquire(blocking=False):
        raise UnderWayError(_UNDER_WAY)
    try:
        milliseconds = int(WAIT.total_seconds() * 1000)
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": lock})
        connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.orig, psycopg2.errors.LockNotAvailable):
            raise UnderWayError(_UNDER_WAY) from None
        raise
    finally:
        _waiting.release()


def find(
    connection: Connection, key_name: str, idempotency_key: str, now: datetime
) -> StoredResponse | None:
    """The response given to this key within the day before ``now``; None if there is none."""
    responses = rows(
        connection,
        "SELECT request_sha256, status, body FROM idempotency WHERE key_name = %(name)s"
        " AND idempotency_key = %(key)s AND created_at > %(since)s",
        name=key_name,
        key=idempotency_key,
        since=now - KEPT_FOR,
    )
    if not responses:
        return None
    ((request_sha256, status, body),) = responses
    return StoredResponse(request_sha256, status, bytes(body))


def keep(
    connection: Connection,
    key_name: str,
    idempotency_key: str,
    response: StoredResponse,
    now: datetime,
) -> None:
    """Store ``response`` for a day, and delete those that are older."""
    connection.exec_driver_sql(
        "DELETE FROM idempotency WHERE created_at <= %(since)s", {"since": now - KEPT_FOR}
    )
    connection.exec_driver_sql(
        "INSERT INTO idempotency"
        " (key_name, idempotency_key, request_sha256, status, body, created_at)"
        " VALUES (%(name)s, %(key)s, %(request)s, %(status)s, %(body)s, %(now)s)"
        " ON CONFLICT (key_name, idempotency_key) DO NOTHING",
        {
            "name": key_name,
            "key": idempotency_key,
            "request": response.request_sha256,
            "status": response.status,
            "body": response.body,
            "now": now,
        },
    )


def keyed(identity: bytes, digest: str) -> str:
    """What is kept of a digest of something that the client wrote, in hex; ``identity`` is the
    installation's key."""
    return hmac_sha256(identity, f"idempotency {digest}".encode()).hex()


def forget(connection: Connection, parts: Sequence[str]) -> None:
    """Replace every response that has one of these texts in it."""
    _replace(
        connection,
        "EXISTS (SELECT FROM unnest(%(parts)s::text[]) p"
        " WHERE position(convert_to(p, 'UTF8') IN body) > 0)",
        parts=list(parts),
    )


def _names_erased(connection: Connection, body: bytes, since: datetime) -> bool:
    """Whether the response names a lead that was erased from ``since`` on: it may have been made of
    what was known before. Nobody erases one of the others until the transaction ends."""
    named = sorted({match.decode() for match in _ID.findall(body)})
    if not named:
        return False
    leads = rows(
        connection,
        "SELECT erased_at FROM leads WHERE lead_id = ANY(%(ids)s::uuid[])"
        " ORDER BY lead_id FOR SHARE",
        ids=uuids(named),
    )
    return any(row.erased_at is not None and row.erased_at >= since for row in leads)


def _replace(connection: Connection, which: str, **parameters: Any) -> None:
    connection.exec_driver_sql(
        f"UPDATE idempotency SET status = %(status)s, body = %(body)s WHERE {which}",
        {"status": _FORGOTTEN_STATUS, "body": _FORGOTTEN, **parameters},
    )

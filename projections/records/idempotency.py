"""Responses to requests with an Idempotency-Key, stored so that the same request is done once."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from projections.database.engine import Database, rows

KEPT_FOR = timedelta(hours=24)


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

    Making one waits until no other request with the same API key and idempotency key is under way.
    Until ``close`` every transaction of this context is a part of the turn's, so that the command
    and its response are committed together or not at all.
    """

    def __init__(self, database: Database, key_name: str, idempotency_key: str) -> None:
        self._database = database
        self._key_name = key_name
        self._idempotency_key = idempotency_key
        with ExitStack() as stack:
            self._connection = stack.enter_context(database.engine.connect())
            self._connection.begin()
            wait_for_turn(self._connection, key_name, idempotency_key)
            stack.enter_context(database.joined(self._connection))
            self._stack = stack.pop_all()

    def stored(self, now: datetime) -> StoredResponse | None:
        """The response given to this key within the day before ``now``; None for a new key."""
        return find(self._connection, self._key_name, self._idempotency_key, now)

    def commit(self, response: StoredResponse, now: datetime) -> None:
        """Commit what was done, together with ``response``."""
        keep(self._connection, self._key_name, self._idempotency_key, response, now)
        self._database.fault_point("command.before_commit")
        self._connection.commit()
        self._database.fault_point("command.after_commit")

    def close(self) -> None:
        """Roll back what was not committed."""
        self._stack.close()


def wait_for_turn(connection: Connection, key_name: str, idempotency_key: str) -> None:
    """Lock this key until ``connection`` ends its transaction.

    Of two requests that arrive together, the second waits and finds the first one's response.
    """
    digest = hashlib.sha256(f"{key_name}\0{idempotency_key}".encode()).digest()
    lock = int.from_bytes(digest[:8], "big", signed=True)
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": lock})
    # A long import commits as it goes, on other connections, while this one waits for its response.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


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

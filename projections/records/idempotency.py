"""First answers to requests with an Idempotency-Key, so that the same request is done once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from projections.database.engine import rows

KEPT_FOR = timedelta(hours=24)


class Answer(NamedTuple):
    """``request_sha256`` is of the request that got it; ``body`` is JSON."""

    request_sha256: str
    status: int
    body: bytes


def wait_for_turn(connection: Connection, key_name: str, idempotency_key: str) -> None:
    """Until ``connection`` ends its transaction no other request with this key goes on: two that
    arrive together are done one after the other, and the second finds the first one's answer."""
    digest = hashlib.sha256(f"{key_name}\0{idempotency_key}".encode()).digest()
    lock = int.from_bytes(digest[:8], "big", signed=True)
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": lock})
    # A long import commits as it goes, on other connections, while this one waits for its answer.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def find(
    connection: Connection, key_name: str, idempotency_key: str, now: datetime
) -> Answer | None:
    """The answer given within the last day."""
    found = rows(
        connection,
        "SELECT request_sha256, status, body FROM idempotency WHERE key_name = %(name)s"
        " AND idempotency_key = %(key)s AND created_at > %(since)s",
        name=key_name,
        key=idempotency_key,
        since=now - KEPT_FOR,
    )
    return Answer(found[0][0], found[0][1], bytes(found[0][2])) if found else None


def keep(
    connection: Connection, key_name: str, idempotency_key: str, answer: Answer, now: datetime
) -> None:
    """Keeps ``answer`` for a day, and forgets what is older."""
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
            "request": answer.request_sha256,
            "status": answer.status,
            "body": answer.body,
            "now": now,
        },
    )

"""Who is signed in on the pages: sessions of API keys, and links that begin one, once.

A secret has 256 random bits and is stored as a hash. A session is its key's: it ends when the key
is revoked.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from projections.database.engine import rows
from projections.database.prepared import prepared
from projections.records.api_keys import Key

# From the last page on.
SESSION_LASTS = timedelta(hours=12)
LINK_LASTS = timedelta(minutes=30)
# Noting each page would be a write per request.
NOTE_USE_EVERY = timedelta(minutes=10)

_FIND = prepared("""
SELECT k.name, k.role, k.created_at, k.last_used_at, s.expires_at
FROM web_sessions s JOIN api_keys k ON k.name = s.key_name AND k.revoked_at IS NULL
WHERE s.secret_sha256 = %(hash)s AND s.kind = 'session' AND s.expires_at > %(now)s
""")


def begin(connection: Connection, key_name: str, now: datetime) -> str:
    """The secret of a new session of the key of that name."""
    return _put(connection, "session", key_name, now, now + SESSION_LASTS)


def link(connection: Connection, key_name: str, now: datetime) -> str:
    """The secret of a link that begins a session of that key, once."""
    return _put(connection, "link", key_name, now, now + LINK_LASTS)


def find(connection: Connection, secret: str, now: datetime) -> Key | None:
    """The key that is signed in; None if there is no such session, or it is over."""
    found = rows(connection, _FIND, hash=_hash(secret), now=now)
    if not found:
        return None
    row = found[0]
    if row.expires_at < now + SESSION_LASTS - NOTE_USE_EVERY:
        connection.exec_driver_sql(
            "UPDATE web_sessions SET expires_at = %(until)s WHERE secret_sha256 = %(hash)s",
            {"until": now + SESSION_LASTS, "hash": _hash(secret)},
        )
    return Key(
        name=row.name, role=row.role, created_at=row.created_at, last_used_at=row.last_used_at
    )


def redeem(connection: Connection, secret: str, now: datetime) -> str | None:
    """The secret of the session that a link begins; None if the link is none, or no more. It begins
    no other one."""
    found = rows(
        connection,
        "DELETE FROM web_sessions WHERE secret_sha256 = %(hash)s AND kind = 'link'"
        " AND expires_at > %(now)s RETURNING key_name",
        hash=_hash(secret),
        now=now,
    )
    return begin(connection, found[0].key_name, now) if found else None


def end(connection: Connection, secret: str) -> None:
    """Sign out."""
    connection.exec_driver_sql(
        "DELETE FROM web_sessions WHERE secret_sha256 = %(hash)s", {"hash": _hash(secret)}
    )


def _put(
    connection: Connection,
    kind: Literal["session", "link"],
    key_name: str,
    now: datetime,
    until: datetime,
) -> str:
    """The secret of a new row. What is over is forgotten."""
    connection.exec_driver_sql("DELETE FROM web_sessions WHERE expires_at <= %(now)s", {"now": now})
    connection.exec_driver_sql("DELETE FROM web_uploads WHERE expires_at <= %(now)s", {"now": now})
    secret = secrets.token_urlsafe(32)
    connection.exec_driver_sql(
        "INSERT INTO web_sessions (secret_sha256, kind, key_name, created_at, expires_at)"
        " VALUES (%(hash)s, %(kind)s, %(key_name)s, %(now)s, %(until)s)",
        {"hash": _hash(secret), "kind": kind, "key_name": key_name, "now": now, "until": until},
    )
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

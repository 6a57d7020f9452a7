"""API keys: 256 random bits, shown once, stored as a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import Connection

from domain.errors import InvalidInputError, LastAdminError, NameTakenError, NotFoundError
from projections.database.engine import rows
from projections.database.prepared import prepared

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")

PREFIX = "st_"
# What is in a URL as it is, and what nobody takes for something else. Older keys have other names.
_NAME = re.compile("[A-Za-z0-9._@-]+(?: [A-Za-z0-9._@-]+)*")
KEYS_LOCK = 0x5E4D7249
# Noting each use would be a write per request.
NOTE_USE_EVERY = timedelta(minutes=1)

_FIND = prepared(
    "SELECT name, role, key_sha256, created_at, last_used_at, revoked_at FROM api_keys"
    " WHERE key_sha256 = %(hash)s AND revoked_at IS NULL"
)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as it may be shown: without the key itself. Its instants are aware, in UTC."""

    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def may(self, needed: Role) -> bool:
        """Whether the key's role is ``needed`` or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(needed)


def create(connection: Connection, name: str, role: str, now: datetime) -> str:
    """Create a key and return it; it cannot be shown again.

    Raises InvalidInputError for a bad role or name. Raises NameTakenError if the name, in any case,
    is taken, also by a revoked key: a name in the log means one key for ever, and nobody may read
    one for another.
    """
    if role not in ROLES:
        raise InvalidInputError("role", f"one of {', '.join(ROLES)}")
    checked = name.strip()
    if len(checked) > 100 or not _NAME.fullmatch(checked):
        raise InvalidInputError(
            "name", "1 to 100 letters and digits of ASCII, with single spaces and ._@- between"
        )
    _lock(connection)
    taken = rows(
        connection,
        "SELECT name, revoked_at FROM api_keys WHERE lower(name) = lower(%(name)s)"
        " ORDER BY revoked_at NULLS FIRST LIMIT 1",
        name=checked,
    )
    if taken:
        raise NameTakenError(taken[0].name, is_revoked=taken[0].revoked_at is not None)
    key = PREFIX + secrets.token_urlsafe(32)
    connection.exec_driver_sql(
        "INSERT INTO api_keys (name, role, key_sha256, created_at)"
        " VALUES (%(name)s, %(role)s, %(hash)s, %(now)s)",
        {"name": checked, "role": role, "hash": _hash(key), "now": now},
    )
    return key


def find(connection: Connection, key: str, now: datetime) -> Key | None:
    """The record of ``key``, with its use noted; None if it is unknown or revoked."""
    digest = _hash(key)
    records = rows(
        connection,
        _FIND,
        hash=digest,
    )
    if not records or not hmac.compare_digest(records[0].key_sha256, digest):
        return None
    known = _key(records[0])
    if known.last_used_at is None or known.last_used_at + NOTE_USE_EVERY <= now:
        connection.exec_driver_sql(
            "UPDATE api_keys SET last_used_at = %(now)s WHERE name = %(name)s",
            {"name": known.name, "now": now},
        )
    return known


def every(connection: Connection) -> list[Key]:
    """All keys in order of name, revoked ones too."""
    return [_key(row) for row in rows(connection, "SELECT * FROM api_keys ORDER BY name")]


def of_name(connection: Connection, name: str) -> Key:
    """The record of the key of that name. Raises NotFoundError."""
    found = rows(connection, "SELECT * FROM api_keys WHERE name = %(name)s", name=name)
    if not found:
        raise NotFoundError("key", name)
    return _key(found[0])


def revoke(connection: Connection, name: str, now: datetime, *, keep_admin: bool = False) -> bool:
    """Revoke a key; whether it was not revoked before. Raises NotFoundError, and with
    ``keep_admin`` LastAdminError where no key of role admin would be left."""
    _lock(connection)
    found = rows(
        connection,
        "SELECT revoked_at, role = 'admin' AND NOT EXISTS (SELECT FROM api_keys o"
        " WHERE o.role = 'admin' AND o.revoked_at IS NULL AND o.name <> k.name) AS is_last"
        " FROM api_keys k WHERE name = %(name)s FOR UPDATE",
        name=name,
    )
    if not found:
        raise NotFoundError("key", name)
    if found[0].revoked_at is not None:
        return False
    if keep_admin and found[0].is_last:
        raise LastAdminError
    connection.exec_driver_sql(
        "UPDATE api_keys SET revoked_at = %(now)s WHERE name = %(name)s",
        {"name": name, "now": now},
    )
    return True


def _lock(connection: Connection) -> None:
    """Let one at a time decide by what other keys there are."""
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(key)s)", {"key": KEYS_LOCK})


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _key(row: Any) -> Key:
    return Key(
        name=row.name,
        role=cast(Role, row.role),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )

"""API keys: 256 random bits, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import Connection

from domain import values
from domain.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from projections.database.engine import rows

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")

PREFIX = "st_"
# Noting every use would be a write per request.
NOTE_USE_EVERY = timedelta(minutes=1)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as it may be shown: without the key."""

    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def may(self, needed: Role) -> bool:
        """Whether the role is ``needed`` or above it."""
        return ROLES.index(self.role) >= ROLES.index(needed)


def create(connection: Connection, name: str, role: str, now: datetime) -> str:
    """Makes a key and returns it, for the only time. Raises AlreadyExistsError where the name is
    taken, be it by a revoked key: a name in the log is one key for ever."""
    if role not in ROLES:
        raise InvalidInputError("role", f"one of {', '.join(ROLES)}")
    (checked,) = values.tokens("name", [name])
    key = PREFIX + secrets.token_urlsafe(32)
    made = connection.exec_driver_sql(
        "INSERT INTO api_keys (name, role, key_sha256, created_at)"
        " VALUES (%(name)s, %(role)s, %(hash)s, %(now)s) ON CONFLICT (name) DO NOTHING",
        {"name": checked, "role": role, "hash": _hash(key), "now": now},
    ).rowcount
    if not made:
        raise AlreadyExistsError("key", checked)
    return key


def find(connection: Connection, key: str, now: datetime) -> Key | None:
    """The key in force that this is, noting its use; None if there is none."""
    digest = _hash(key)
    found = rows(
        connection,
        "SELECT * FROM api_keys WHERE key_sha256 = %(hash)s AND revoked_at IS NULL",
        hash=digest,
    )
    if not found or not hmac.compare_digest(found[0].key_sha256, digest):
        return None
    known = _key(found[0])
    if known.last_used_at is None or known.last_used_at + NOTE_USE_EVERY <= now:
        connection.exec_driver_sql(
            "UPDATE api_keys SET last_used_at = %(now)s WHERE name = %(name)s",
            {"name": known.name, "now": now},
        )
    return known


def every(connection: Connection) -> list[Key]:
    """All keys, revoked ones too, by name."""
    return [_key(row) for row in rows(connection, "SELECT * FROM api_keys ORDER BY name")]


def revoke(connection: Connection, name: str, now: datetime) -> None:
    """From now on the key opens nothing. Raises NotFoundError."""
    revoked = connection.exec_driver_sql(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, %(now)s) WHERE name = %(name)s",
        {"name": name, "now": now},
    ).rowcount
    if not revoked:
        raise NotFoundError("key", name)


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

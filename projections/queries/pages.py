"""Pages of resources for people and programs: in id order, so that inserts move nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import InvalidInputError, NotFoundError
from projections.database.engine import rows

# What is listed, by name: its table or view, its id, and the columns it can be filtered by.
_MESSAGES = """(
    SELECT m.*, l.phone AS recipient_phone FROM broadcast_messages m JOIN leads l USING (lead_id)
)"""
_DEVICES = """(
    SELECT d.*, EXISTS (SELECT FROM device_secrets s WHERE s.device_id = d.device_id)
        AS has_credentials FROM devices d
)"""
SOURCES = {
    "lead": ("leads", "lead_id"),
    "sequence": ("sequences", "sequence_id"),
    "campaign": ("campaigns", "campaign_id"),
    "device": (_DEVICES, "device_id"),
    "message": (_MESSAGES, "message_id"),
}


def one(connection: Connection, what: str, resource_id: UUID) -> Any:
    """The row of that resource. Raises NotFoundError."""
    source, key = SOURCES[what]
    found = rows(connection, f"SELECT * FROM {source} r WHERE {key} = %(id)s", id=resource_id)
    if not found:
        raise NotFoundError(what, resource_id)
    return found[0]


def page(
    connection: Connection,
    what: str,
    *,
    limit: int,
    cursor: str | None = None,
    filters: Mapping[str, Any] | None = None,
) -> tuple[list[Any], str | None]:
    """Up to ``limit`` rows after ``cursor``, where each column of ``filters`` has that value, and
    the cursor of the next page, None at the end. Raises InvalidInputError for a bad cursor."""
    source, key = SOURCES[what]
    wanted = {name: value for name, value in (filters or {}).items() if value is not None}
    conditions = [f"{name} = %({name})s" for name in wanted]
    after = decode(cursor) if cursor else None
    if after is not None:
        conditions.append(f"{key} > %(after)s")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    found = rows(
        connection,
        f"SELECT * FROM {source} r{where} ORDER BY {key} LIMIT %(limit)s",
        **wanted,
        after=after,
        limit=limit + 1,
    )
    if len(found) <= limit:
        return found, None
    return found[:limit], encode(getattr(found[limit - 1], key))


def encode(last: UUID) -> str:
    """An opaque cursor that says: after this one."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def decode(cursor: str) -> UUID:
    """The id in a cursor. Raises InvalidInputError."""
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars="-_", validate=True))
    except (ValueError, binascii.Error):
        raise InvalidInputError("cursor", "the next_cursor of an earlier answer") from None

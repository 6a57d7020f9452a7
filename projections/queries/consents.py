"""What people agreed to, for who asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import NotFoundError
from projections.database.engine import rows


def latest(connection: Connection, lead_id: UUID, purpose: str) -> Any:
    """The lead's latest consent to the purpose, in force or not. Raises NotFoundError."""
    found = rows(
        connection,
        "SELECT * FROM lead_consents WHERE lead_id = %(id)s AND purpose = %(purpose)s"
        " ORDER BY version DESC LIMIT 1",
        id=lead_id,
        purpose=purpose,
    )
    if not found:
        raise NotFoundError("consent", purpose)
    return found[0]


def page(
    connection: Connection,
    purpose: str | None,
    since: datetime | None,
    until: datetime | None,
    after: UUID | None,
    limit: int,
) -> tuple[list[Any], UUID | None]:
    """Up to ``limit`` consents to the ``purpose`` that were given between the two instants, both
    included, after the consent ``after``; and the last of them, where more follow. Where one is
    None it is no condition."""
    conditions = {
        "purpose = %(purpose)s": purpose,
        "given_at >= %(since)s": since,
        "given_at <= %(until)s": until,
        "consent_id > %(after)s": after,
    }
    wanted = [sql for sql, value in conditions.items() if value is not None]
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    found = rows(
        connection,
        f"SELECT * FROM lead_consents {where} ORDER BY consent_id LIMIT %(limit)s",
        purpose=purpose,
        since=since,
        until=until,
        after=after,
        limit=limit + 1,
    )
    if len(found) <= limit:
        return found, None
    return found[:limit], found[limit - 1].consent_id

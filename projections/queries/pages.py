"""Resources one by one and in pages; pages are in id order, so that inserts move nothing. Those of
messages are in another order where it has to be, see ``message_walks``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import InvalidInputError, NotFoundError
from projections.database.engine import rows
from projections.database.prepared import prepared
from projections.queries import message_walks
from projections.queries.filters import Condition, bounds, conditions
from projections.schema.expressions import address_key

_MESSAGES = """(
    SELECT m.*, l.phone AS recipient_phone, l.name AS recipient_name
    FROM broadcast_messages m JOIN leads l USING (lead_id)
)"""
_RECIPIENTS = """(
    SELECT m.*, l.phone, l.name FROM broadcast_messages m JOIN leads l USING (lead_id)
)"""
# A lead with the addresses of all that it stands for, and other leads that have one of these.
_LEADS = """(
    SELECT l.*, opted_out_at IS NOT NULL AS opted_out, unreachable_at IS NOT NULL AS unreachable,
        (SELECT coalesce(jsonb_agg(to_jsonb(a) - 'lead_id' - 'key'
                ORDER BY a.learned_at, a.kind, a.value), '[]')
         FROM leads m JOIN lead_addresses a USING (lead_id)
         WHERE m.lead_id = l.lead_id OR m.merged_into = l.lead_id) AS addresses,
        ARRAY(SELECT DISTINCT coalesce(o.merged_into, o.lead_id)
              FROM leads m JOIN lead_addresses a USING (lead_id)
              JOIN lead_addresses b ON b.key = a.key JOIN leads o ON o.lead_id = b.lead_id
              WHERE (m.lead_id = l.lead_id OR m.merged_into = l.lead_id)
                AND coalesce(o.merged_into, o.lead_id) <> l.lead_id
              ORDER BY 1) AS same_person_as,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('purpose', k.purpose, 'source', k.source,
                'words', k.words, 'given_at', k.given_at) ORDER BY k.version), '[]')
         FROM lead_consents k
         WHERE k.lead_id = l.lead_id AND k.withdrawn_at IS NULL) AS consents
    FROM leads l
)"""
_REPLIES = f"""(
    SELECT reply_id, lead_id, device_id, gateway, from_kind, from_value, text, kind, automatic,
        message_id, sent_at, received_at, true AS attributed, ARRAY[]::uuid[] AS may_be
    FROM replies
    UNION ALL
    SELECT reply_id, NULL, device_id, gateway, sender -> 0 ->> 'kind', sender -> 0 ->> 'value',
        text, kind, false, NULL, sent_at, received_at, false,
        ARRAY(SELECT DISTINCT coalesce(l.merged_into, l.lead_id)
              FROM jsonb_array_elements(u.sender) s
              JOIN lead_addresses a ON a.key = {address_key("s")}
              JOIN leads l ON l.lead_id = a.lead_id
              ORDER BY 1)
    FROM unattributed_replies u
)"""
_SUPPRESSIONS = "(SELECT * FROM suppressions WHERE released_at IS NULL AND key <> '')"
_DEVICES = """(
    SELECT d.*, EXISTS (SELECT FROM device_secrets s WHERE s.device_id = d.device_id)
        AS has_credentials FROM devices d
)"""
# Subqueries in the list of columns, so that only the rows of a page look up their messages.
_ENROLLMENTS = """(
    SELECT n.*, (SELECT l.name FROM leads l WHERE l.lead_id = n.lead_id) AS name,
        (SELECT l.phone FROM leads l WHERE l.lead_id = n.lead_id) AS phone, coalesce((
        SELECT m.step FROM broadcast_messages m
        WHERE m.lead_id = n.lead_id AND m.enrollment_id = n.enrollment_id
          AND m.queued_at IS NOT NULL
        ORDER BY m.queued_at DESC, m.scheduled_at DESC LIMIT 1), 0) AS step
    FROM enrollments n
)"""
# By the name of a resource: its table or subquery, and the column of its id.
SOURCES = {
    "lead": (_LEADS, "lead_id"),
    "consent": ("lead_consents", "consent_id"),
    "reply": (_REPLIES, "reply_id"),
    "suppression": (_SUPPRESSIONS, "suppression_id"),
    "segment": ("segments", "segment_id"),
    "sequence": ("sequences", "sequence_id"),
    "enrollment": (_ENROLLMENTS, "enrollment_id"),
    "campaign": ("campaigns", "campaign_id"),
    "device": (_DEVICES, "device_id"),
    "message": (_MESSAGES, "message_id"),
    "recipient": (_RECIPIENTS, "message_id"),
}
_ONE = {
    resource: prepared(f"SELECT * FROM {source} r WHERE {key} = %(id)s")
    for resource, (source, key) in SOURCES.items()
}


def one(connection: Connection, resource: str, resource_id: UUID) -> Any:
    """The row of the ``resource`` (a name of ``SOURCES``) with that id. Raises NotFoundError."""
    matches = rows(connection, _ONE[resource], id=resource_id)
    if not matches:
        raise NotFoundError(resource, resource_id)
    return matches[0]


def page(
    connection: Connection,
    resource: str,
    *,
    limit: int,
    cursor: str | None = None,
    filters: Mapping[str, Any] | None = None,
    newest_first: bool = False,
) -> tuple[list[Any], str | None]:
    """Up to ``limit`` rows of the ``resource`` after ``cursor``, and the cursor of the next page.

    ``filters`` are those of ``queries.filters``; None is no condition. ``newest_first`` turns the
    order around. The cursor is None at the end. Raises InvalidInputError for a bad cursor.
    """
    source, key = SOURCES[resource]
    given = filters or {}
    after = decode_cursor(cursor) if cursor else None
    if resource in ("message", "recipient"):
        walk = message_walks.walked(
            connection, source, given, limit=limit + 1, after=after, newest_first=newest_first
        )
        if walk is not None:
            return _cut(walk, key, limit)
    wanted = conditions(connection, resource, given)
    if after is not None:
        sign = "<" if newest_first else ">"
        wanted.append(Condition(f"r.{key} {sign} %(after)s", {"after": after}))
    elif resource == "message":
        wanted += bounds(connection, given)
    parameters: dict[str, Any] = {}
    for condition in wanted:
        parameters |= condition.parameters
    page_and_one = rows(
        connection,
        f"SELECT * FROM {source} r{where(wanted)} ORDER BY {key}{' DESC' if newest_first else ''}"
        " LIMIT %(limit)s",
        **parameters,
        limit=limit + 1,
    )
    return _cut(page_and_one, key, limit)


def _cut(page_and_one: Sequence[Any], key: str, limit: int) -> tuple[list[Any], str | None]:
    """The page, and the cursor of the next one if there is one row more."""
    page_ = list(page_and_one[:limit])
    return page_, encode_cursor(getattr(page_[-1], key)) if len(page_and_one) > limit else None


def where(wanted: Iterable[Condition]) -> str:
    """SQL: WHERE with all of these conditions, or nothing."""
    joined = " AND ".join(each.sql for each in wanted)
    return f" WHERE {joined}" if joined else ""


def encode_cursor(last: UUID) -> str:
    """The cursor of the page that comes after the id ``last``; opaque to clients."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> UUID:
    """The id in a cursor. Raises InvalidInputError if it is none."""
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars="-_", validate=True))
    except (ValueError, binascii.Error):
        raise InvalidInputError("cursor", "the next_cursor of an earlier answer") from None

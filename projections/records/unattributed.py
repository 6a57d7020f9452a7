"""Replies of people that nobody can be found for: kept for 30 days, to be seen and answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import values
from domain.inbound import Reply
from domain.repeats import MOST_EDITS
from projections.database.engine import rows
from projections.schema.expressions import address_key

KEPT_FOR = timedelta(days=30)
# SQL: the key of an address ``s`` of a sender.
_KEY = address_key("s")


def keep(
    connection: Connection,
    reply_id: UUID,
    device_id: UUID,
    gateway: str,
    reply: Reply,
    now: datetime,
) -> bool:
    """Keep the reply that came through a device, or put its words in the place of those that it
    edits. False if it is kept already."""
    named = names(reply, reply.edits or reply.provider_id)
    text = values.cleaned(reply.text)
    edit = sha256(reply.provider_id.encode()).digest()
    if reply.edits:
        changed = connection.exec_driver_sql(
            "UPDATE unattributed_replies SET text = %(text)s, edits ="
            f" (edits || %(edit)s)[greatest(1, cardinality(edits) + 2 - {MOST_EDITS}):]"
            " WHERE device_id = %(device_id)s AND provider_sha256 = ANY(%(named)s)"
            " AND NOT %(edit)s = ANY(edits)",
            {"text": text, "device_id": str(device_id), "named": named, "edit": edit},
        )
        if changed.rowcount:
            return True
    kept = connection.exec_driver_sql(
        "INSERT INTO unattributed_replies (reply_id, device_id, gateway, provider_sha256, sender,"
        " text, kind, sent_at, received_at, edits)"
        " VALUES (%(reply_id)s, %(device_id)s, %(gateway)s, %(named)s, %(sender)s, %(text)s,"
        " %(kind)s, %(at)s, %(now)s, %(edits)s) ON CONFLICT DO NOTHING",
        {
            "reply_id": str(reply_id),
            "device_id": str(device_id),
            "gateway": gateway,
            "named": named[0],
            "sender": msgspec.json.encode(_addresses(reply)).decode(),
            "text": text,
            "kind": reply.kind,
            "at": reply.at,
            "now": now,
            "edits": [edit] if reply.edits else [],
        },
    )
    return bool(kept.rowcount)


def names(reply: Reply, provider_id: str) -> list[bytes]:
    """By which the reply may be kept here: one by each address of its sender, since what a provider
    calls a reply may be somebody else's too."""
    keys = [address.key for address in reply.sender] or [""]
    return [sha256(f"{key} {provider_id}".encode()).digest() for key in keys]


def known(connection: Connection, wanted: Iterable[bytes]) -> dict[bytes, set[UUID]]:
    """Those of these names that are of replies kept here, and the devices that they came
    through."""
    kept = rows(
        connection,
        "SELECT provider_sha256, device_id FROM unattributed_replies"
        " WHERE provider_sha256 = ANY(%(wanted)s)",
        wanted=list(wanted),
    )
    devices: dict[bytes, set[UUID]] = {}
    for row in kept:
        devices.setdefault(bytes(row.provider_sha256), set()).add(row.device_id)
    return devices


def kept_since(connection: Connection, since: datetime) -> list[Any]:
    """What was kept after ``since``: rows of device_id, keys (of the sender's addresses), kind,
    text, reply_id, sent_at and received_at."""
    return rows(
        connection,
        f"""
        SELECT device_id, kind, text, reply_id, sent_at, received_at,
            ARRAY(SELECT {_KEY} FROM jsonb_array_elements(sender) s) AS keys
        FROM unattributed_replies WHERE received_at > %(since)s
        """,
        since=since,
    )


def count(connection: Connection, now: datetime) -> int:
    """How many are kept, of the last 30 days."""
    counted = rows(
        connection,
        "SELECT count(*) FROM unattributed_replies WHERE received_at >= %(since)s",
        since=now - KEPT_FOR,
    )
    return int(counted[0][0])


def forget(connection: Connection, keys: Iterable[str]) -> None:
    """Let go of all that came from an address with one of these keys."""
    connection.exec_driver_sql(
        f"""
        DELETE FROM unattributed_replies u WHERE EXISTS (
            SELECT FROM jsonb_array_elements(u.sender) s
            WHERE {_KEY} = ANY(%(keys)s))
        """,
        {"keys": list(keys)},
    )


def forget_old(connection: Connection, now: datetime) -> int:
    """Let go of what is older than ``KEPT_FOR``; returns how many these were."""
    return connection.exec_driver_sql(
        "DELETE FROM unattributed_replies WHERE received_at < %(before)s",
        {"before": now - KEPT_FOR},
    ).rowcount


def _addresses(reply: Reply) -> Sequence[dict[str, str]]:
    return [{"kind": address.kind, "value": address.value} for address in reply.sender]

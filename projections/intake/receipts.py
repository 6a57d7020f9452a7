"""Receipts of messages, recorded as events of ours; those that come early wait."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import reduce
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import receipts, values
from domain.application.outreach import Outreach
from domain.event import Event
from domain.inbound import Receipt
from domain.receipts import Reported
from projections.database.engine import Database, rows, uuids
from projections.database.prepared import prepared
from projections.database.quarantined import message_not_aside
from projections.eventstore.broken_streams import run_around

# How long a receipt waits for its message. The response to the call that sent the message is on
# its way, or the database was away when that response came.
EARLY = timedelta(hours=1)
# Early receipts per transaction.
CHUNK = 1000


class Told(NamedTuple):
    """A message that a receipt is of, locked; the phone of its lead, empty where there is none; and
    whether the lead is thought to be unreachable."""

    message: Reported
    phone: str
    is_lost: bool


class Decided(NamedTuple):
    """The message of a receipt, and whether the receipt said anything new of it."""

    told: Told
    is_news: bool


class Received(NamedTuple):
    """A receipt, and the devices that the provider is proved to speak for; None for all of them."""

    receipt: Receipt
    devices: frozenset[UUID] | None
    actor: str
    # Of a webhook: the device of its URL, and the secret that proves it.
    device_id: UUID | None = None
    secret_id: UUID | None = None


def decide(
    connection: Connection, received: Sequence[Received], now: datetime
) -> tuple[list[Event], list[Decided | None]]:
    """What follows from the receipts, and what each is of; None where that is no message.

    Without ``devices`` a receipt must name the message by our id. A receipt of another device's
    message has none. One whose message is not known yet waits for it (see ``record_early``).
    """
    named = _named_by_provider(connection, received)
    ids = [each.receipt.message_id or named.get(place) for place, each in enumerate(received)]
    unknown = [each for each, id_ in zip(received, ids, strict=True) if id_ is None]
    _keep_early(connection, now, unknown)
    found = _locked(connection, {id_ for id_ in ids if id_ is not None})
    events: list[Event] = []
    decided: list[Decided | None] = []
    for each, message_id in zip(received, ids, strict=True):
        told = None if message_id is None else found.get(message_id)
        if told is None or (
            each.devices is not None and told.message.device_id not in each.devices
        ):
            decided.append(None)
            continue
        accepted = receipts.accept(told.message, each.receipt, now=now, actor=each.actor)
        decided.append(Decided(told, bool(accepted)))
        if accepted:
            events += accepted
            found[told.message.id] = told._replace(
                message=reduce(receipts.after, accepted, told.message)
            )
    return events, decided


# The lead's phone comes along, so that there is one look-up for the whole batch.
_LOCKED = prepared(f"""
SELECT m.message_id, m.version, m.status, m.device_id, m.provider_id, m.delivered_at, m.read_at,
    coalesce(l.phone, '') AS phone, l.unreachable_at IS NOT NULL AS is_lost
FROM broadcast_messages m LEFT JOIN leads l USING (lead_id)
WHERE m.message_id = ANY(%(ids)s::uuid[]) AND {message_not_aside()}
ORDER BY m.message_id FOR UPDATE OF m
""")


def _locked(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Told]:
    """Locks those of these messages that are not in quarantine, in id order."""
    if not ids:
        return {}
    return {
        row[0]: Told(Reported(*row[:7]), row[7], row[8])
        for row in rows(connection, _LOCKED, ids=uuids(ids))
    }


def record_early(database: Database, outreach: Outreach, actor: str) -> int:
    """Record receipts whose messages are known by now, and drop those older than ``EARLY``.

    Returns how many were recorded.
    """

    def work(connection: Connection) -> int:
        now = outreach.clock()
        connection.exec_driver_sql(
            "DELETE FROM early_receipts WHERE received_at < %(before)s", {"before": now - EARLY}
        )
        due = rows(
            connection,
            """
            DELETE FROM early_receipts r USING (
                SELECT e.device_id, e.provider_id, e.kind, p.message_id
                FROM early_receipts e JOIN provider_ids p
                    ON p.provider_id = e.provider_id AND (p.device_id = e.device_id
                        OR p.device_id = ANY(e.devices) OR EXISTS (
                            SELECT FROM webhook_secrets w
                            JOIN devices d ON d.device_id = w.device_id
                            JOIN devices own ON own.device_id = e.device_id
                            WHERE w.secret_id = e.secret_id AND w.device_id = p.device_id
                                AND (w.until IS NULL OR w.until > e.received_at)
                                AND d.gateway = own.gateway))
                ORDER BY 1, 2, 3 LIMIT %(limit)s FOR UPDATE OF e SKIP LOCKED
            ) k WHERE (r.device_id, r.provider_id, r.kind) = (k.device_id, k.provider_id, k.kind)
            RETURNING r.kind, k.message_id, r.provider_id, r.code, r.received_at
            """,
            limit=CHUNK,
        )
        due.sort(key=lambda row: row.received_at)
        early = [Received(Receipt(*row[:4]), None, actor) for row in due]
        events, decided = decide(connection, early, now)
        outreach.record(connection, events)
        return len(decided)

    total = 0
    while recorded := run_around(database, "report", actor, work, outreach.clock):
        total += recorded
    return total


def _named_by_provider(connection: Connection, received: Sequence[Received]) -> dict[int, UUID]:
    """The ids of messages that receipts name by the provider's id, by the receipt's place."""
    asked = {
        each.receipt.provider_id
        for each in received
        if each.devices and each.receipt.message_id is None and each.receipt.provider_id
    }
    if not asked:
        return {}
    messages: dict[str, list[tuple[UUID, UUID]]] = {}
    for row in rows(
        connection,
        "SELECT provider_id, device_id, message_id FROM provider_ids"
        " WHERE provider_id = ANY(%(ids)s)",
        ids=list(asked),
    ):
        messages.setdefault(row.provider_id, []).append((row.device_id, row.message_id))
    return {
        place: message_id
        for place, each in enumerate(received)
        if each.receipt.message_id is None
        for device_id, message_id in messages.get(each.receipt.provider_id, ())
        if each.devices is not None and device_id in each.devices
    }


def _keep_early(connection: Connection, now: datetime, unknown: Sequence[Received]) -> None:
    """Keep receipts whose messages are not known yet, for ``record_early``."""
    early = [each for each in unknown if each.receipt.provider_id and each.device_id is not None]
    if not early:
        return
    # Where there is no secret there are few devices: that of the URL, and those that were listed.
    listed = [each.devices if each.secret_id is None else None for each in early]
    connection.exec_driver_sql(
        """
        INSERT INTO early_receipts (device_id, devices, secret_id, provider_id, kind, code,
            received_at)
        SELECT e.device_id, e.devices::uuid[], e.secret_id, e.provider_id, e.kind, e.code, %(now)s
        FROM unnest(%(device_ids)s::uuid[], %(devices)s::text[], %(secret_ids)s::uuid[],
            %(ids)s::text[], %(kinds)s::text[], %(codes)s::text[])
            AS e(device_id, devices, secret_id, provider_id, kind, code)
        ON CONFLICT DO NOTHING
        """,
        {
            "device_ids": uuids(each.device_id for each in early),
            "devices": [uuids(devices or ()) for devices in listed],
            "secret_ids": uuids(each.secret_id for each in early),
            "ids": [each.receipt.provider_id for each in early],
            "kinds": [each.receipt.kind for each in early],
            "codes": [values.cleaned(each.receipt.code, 200) for each in early],
            "now": now,
        },
    )

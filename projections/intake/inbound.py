"""Inbound events: receipts of messages and people's replies, recorded as events of ours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import message, receipts, values
from domain.application.outreach import Outreach
from domain.errors import NotFoundError
from domain.event import Event
from domain.receipts import Receipt, Reply
from projections.database.engine import Database, rows, uuids
from projections.eventstore.broken_streams import run_around
from projections.queue import lookup

# How long a receipt waits for its message. The response to the call that sent the message is on
# its way, or the database was away when that response came.
EARLY = timedelta(hours=1)
# Early receipts per transaction.
CHUNK = 1000


class InboundSummary(NamedTuple):
    """How many receipts were of messages of ours, and how many replies of leads of ours."""

    receipts: int
    replies: int


def record(
    database: Database,
    outreach: Outreach,
    inbound_events: Iterable[Receipt | Reply],
    actor: str,
    devices: Collection[UUID] | None = None,
) -> InboundSummary:
    """Record receipts, all in one transaction, and then replies, each in its own.

    ``devices`` are those that the provider speaks for: only their messages are touched, and
    receipts may name them by the provider's ids. Without ``devices`` a receipt must name a message
    by our id. Recording the same again changes nothing; what is of no message or lead of ours is
    ignored, except that a receipt of ``devices`` waits for its message (see ``record_early``).
    """
    events = list(inbound_events)
    received = [event for event in events if isinstance(event, Receipt)]
    known = 0
    if received:
        known = run_around(
            database,
            "report",
            actor,
            lambda connection: _record_receipts(connection, outreach, received, actor, devices),
            outreach.clock,
        )
    replies = [event for event in events if isinstance(event, Reply)]
    return InboundSummary(known, sum(_record_reply(outreach, reply, actor) for reply in replies))


def record_early(database: Database, outreach: Outreach, actor: str) -> int:
    """Record receipts whose messages are known by now, and drop those older than ``EARLY``.

    Returns how many were recorded.
    """

    def work(connection: Connection) -> int:
        connection.exec_driver_sql(
            "DELETE FROM early_receipts WHERE received_at < %(before)s",
            {"before": outreach.clock() - EARLY},
        )
        due = rows(
            connection,
            """
            DELETE FROM early_receipts r USING (
                SELECT e.device_id, e.provider_id, e.kind, p.message_id
                FROM early_receipts e JOIN provider_ids p
                    ON p.provider_id = e.provider_id AND p.device_id = ANY(e.devices)
                ORDER BY 1, 2, 3 LIMIT %(limit)s FOR UPDATE OF e SKIP LOCKED
            ) k WHERE (r.device_id, r.provider_id, r.kind) = (k.device_id, k.provider_id, k.kind)
            RETURNING r.kind, k.message_id, r.provider_id, r.code, r.received_at
            """,
            limit=CHUNK,
        )
        due.sort(key=lambda row: row.received_at)
        early = [Receipt(*row[:4]) for row in due]
        return _record_receipts(connection, outreach, early, actor, None) if early else 0

    total = 0
    while recorded := run_around(database, "report", actor, work, outreach.clock):
        total += recorded
    return total


def _record_receipts(
    connection: Connection,
    outreach: Outreach,
    received: Sequence[Receipt],
    actor: str,
    devices: Collection[UUID] | None,
) -> int:
    """Record receipts in the transaction of ``connection``; return how many have a message.

    A receipt of another device's message is ignored.
    """
    now = outreach.clock()
    named = _named_by_provider(connection, received, devices) if devices else {}
    pairs = [
        (receipt.message_id or named.get(receipt.provider_id), receipt) for receipt in received
    ]
    if devices:
        _keep_early(connection, now, devices, [r for id_, r in pairs if id_ is None])
    ids = {id_ for id_, _ in pairs if id_ is not None}
    states = {state.id: state for state in lookup.locked(connection, ids)}
    events: list[Event] = []
    known = 0
    for message_id, receipt in pairs:
        state = None if message_id is None else states.get(message_id)
        if state is None or (devices is not None and state.device_id not in devices):
            continue
        known += 1
        for event in receipts.accept(state, receipt, now=now, actor=actor):
            state = message.evolve(state, event)
            events.append(event)
        states[state.id] = state
    outreach.record(connection, events)
    return known


def _named_by_provider(
    connection: Connection, received: Sequence[Receipt], devices: Collection[UUID]
) -> dict[str, UUID]:
    """The ids of messages of ``devices`` by the provider ids that the receipts name."""
    ids = [r.provider_id for r in received if r.message_id is None and r.provider_id]
    if not ids:
        return {}
    messages = rows(
        connection,
        "SELECT provider_id, message_id FROM provider_ids"
        " WHERE device_id = ANY(%(devices)s::uuid[]) AND provider_id = ANY(%(ids)s)",
        devices=uuids(devices),
        ids=ids,
    )
    return {row.provider_id: row.message_id for row in messages}


def _keep_early(
    connection: Connection, now: datetime, devices: Collection[UUID], unknown: Sequence[Receipt]
) -> None:
    """Keep receipts whose messages are not known yet, for ``record_early``."""
    # In one order for all, so that two requests with the same receipts do not deadlock.
    for receipt in sorted(unknown, key=lambda r: (r.provider_id, r.kind)):
        if receipt.provider_id:
            connection.exec_driver_sql(
                "INSERT INTO early_receipts (device_id, devices, provider_id, kind, code,"
                " received_at) VALUES (%(first)s, %(devices)s::uuid[], %(provider_id)s, %(kind)s,"
                " %(code)s, %(now)s) ON CONFLICT DO NOTHING",
                {
                    "first": str(min(devices)),
                    "devices": uuids(devices),
                    "provider_id": receipt.provider_id,
                    "kind": receipt.kind,
                    "code": values.cleaned(receipt.code, 200),
                    "now": now,
                },
            )


def _record_reply(outreach: Outreach, reply: Reply, actor: str) -> bool:
    """Record a reply; return False if its phone is no lead's."""
    lead_id = outreach.lead_id(reply.phone)
    try:
        outreach.record_reply(lead_id, reply.text, reply.provider_id, actor=actor)
    except NotFoundError:
        return False
    return True

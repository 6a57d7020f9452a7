"""What comes back from outside, as events: receipts of messages, and people's replies."""

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
from projections.queue import sweep

# How long a receipt waits for the message that it is of. The answer to the call that sent it is on
# its way, or the database was away when it came.
EARLY = timedelta(hours=1)
CHUNK = 1000


class Recorded(NamedTuple):
    """How many receipts were of messages of ours, and how many replies of leads of ours."""

    receipts: int
    replies: int


def record(
    database: Database,
    outreach: Outreach,
    reports: Iterable[Receipt | Reply],
    actor: str,
    devices: Collection[UUID] | None = None,
) -> Recorded:
    """Records what is said by the provider of ``devices`` about their messages, or, without any,
    what names our own. The same again changes nothing; what is not ours is left alone."""
    given = list(reports)
    found = [report for report in given if isinstance(report, Receipt)]
    known = 0
    if found:
        known = database.run(
            "report", lambda connection: _receipts(connection, outreach, found, actor, devices)
        )
    replies = [report for report in given if isinstance(report, Reply)]
    return Recorded(known, sum(_reply(outreach, reply, actor) for reply in replies))


def record_early(database: Database, outreach: Outreach, actor: str) -> int:
    """Records receipts whose messages are known by now, and forgets those that waited for too
    long; returns how many were recorded."""

    def work(connection: Connection) -> int:
        connection.exec_driver_sql(
            "DELETE FROM early_receipts WHERE received_at < %(before)s",
            {"before": outreach.clock() - EARLY},
        )
        found = rows(
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
        found.sort(key=lambda row: row.received_at)
        early = [Receipt(*row[:4]) for row in found]
        return _receipts(connection, outreach, early, actor, None) if early else 0

    total = 0
    while done := database.run("report", work):
        total += done
    return total


def _receipts(
    connection: Connection,
    outreach: Outreach,
    given: Sequence[Receipt],
    actor: str,
    devices: Collection[UUID] | None,
) -> int:
    """In one transaction. Nobody speaks of other devices' messages."""
    now = outreach.clock()
    named = _named(connection, given, devices) if devices else {}
    of = [(receipt.message_id or named.get(receipt.provider_id), receipt) for receipt in given]
    if devices:
        _keep_early(connection, now, devices, [r for id_, r in of if id_ is None])
    states = {s.id: s for s in sweep.locked(connection, {id_ for id_, _ in of if id_ is not None})}
    events: list[Event] = []
    known = 0
    for message_id, receipt in of:
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


def _named(
    connection: Connection, given: Sequence[Receipt], devices: Collection[UUID]
) -> dict[str, UUID]:
    """The messages that the provider means, by its own ids."""
    ids = [r.provider_id for r in given if r.message_id is None and r.provider_id]
    if not ids:
        return {}
    found = rows(
        connection,
        "SELECT provider_id, message_id FROM provider_ids"
        " WHERE device_id = ANY(%(devices)s::uuid[]) AND provider_id = ANY(%(ids)s)",
        devices=uuids(devices),
        ids=ids,
    )
    return {row.provider_id: row.message_id for row in found}


def _keep_early(
    connection: Connection, now: datetime, devices: Collection[UUID], given: Sequence[Receipt]
) -> None:
    # In one order for all, so that two that say the same do not wait for each other.
    for receipt in sorted(given, key=lambda r: (r.provider_id, r.kind)):
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


def _reply(outreach: Outreach, reply: Reply, actor: str) -> bool:
    """A reply of somebody who is no lead changes nothing."""
    lead_id = outreach.lead_id(reply.phone)
    try:
        outreach.record_reply(lead_id, reply.text, reply.provider_id, actor=actor)
    except NotFoundError:
        return False
    return True

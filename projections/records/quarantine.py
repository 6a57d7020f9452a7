"""Quarantine: what cannot be recorded is put aside with its reason, and nothing else waits for it.

Whatever is in quarantine is left out by the runners until a person releases it. A message may also
be here because it was handed over and the log has lost that: it must not be sent again, and is
recorded as soon as it can be (``settleable``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.errors import NotFoundError, WrongStateError
from projections.database.engine import rows, uuids

Kind = Literal[
    "message", "lead", "campaign", "sequence", "enrollment", "device", "inbound", "event"
]


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """Something to put aside.

    ``runner`` could not record it, for ``reason``. ``notification_id`` is that of an event that
    cannot be read. ``dispatched`` holds the events of a dispatch that the log has lost, as JSON;
    ``lead_id``, ``owner_id`` and ``step`` are then the message's ``Origin``.
    """

    kind: Kind
    id: UUID
    runner: str
    reason: str
    notification_id: int = 0
    dispatched: Any = None
    lead_id: str | None = None
    owner_id: str | None = None
    step: int | None = None


def put(connection: Connection, asides: Iterable[Aside], now: datetime) -> None:
    """Put these aside. What is there already stays as it is, but learns of a lost dispatch."""
    records = [
        {**msgspec.to_builtins(aside), "since": now.isoformat()}
        for aside in sorted(asides, key=lambda a: (a.kind, a.id, a.notification_id))
    ]
    connection.exec_driver_sql(
        "INSERT INTO quarantine AS q (kind, id, notification_id, runner, reason, since, dispatched,"
        " lead_id, owner_id, step)"
        " SELECT kind, id, notification_id, runner, reason, since, nullif(dispatched, 'null'),"
        " lead_id, owner_id, step"
        " FROM jsonb_to_recordset(%(rows)s) AS r(kind text, id uuid, notification_id bigint,"
        " runner text, reason text, since timestamptz, dispatched jsonb,"
        " lead_id uuid, owner_id uuid, step int)"
        " ON CONFLICT (kind, id, notification_id) DO UPDATE"
        " SET dispatched = coalesce(q.dispatched, excluded.dispatched),"
        " lead_id = coalesce(q.lead_id, excluded.lead_id),"
        " owner_id = coalesce(q.owner_id, excluded.owner_id),"
        " step = coalesce(q.step, excluded.step)",
        {"rows": msgspec.json.encode(records).decode()},
    )


def page(
    connection: Connection, limit: int, after: tuple[str, str, int] | None = None
) -> Sequence[Any]:
    """Up to ``limit`` rows of what is put aside, in the order of kind, id and notification id,
    after the one with that key."""
    kind, id_, number = after or (None, None, None)
    return rows(
        connection,
        "SELECT kind, id, notification_id, runner, reason, since, dispatched IS NOT NULL AS lost"
        " FROM quarantine WHERE %(kind)s::text IS NULL"
        " OR (kind, id, notification_id) > (%(kind)s, %(id)s::uuid, %(number)s)"
        " ORDER BY kind, id, notification_id LIMIT %(limit)s",
        kind=kind,
        id=id_,
        number=number,
        limit=limit,
    )


def counts(connection: Connection) -> dict[str, int]:
    """How much is put aside, by kind."""
    counted = rows(connection, "SELECT kind, count(*) FROM quarantine GROUP BY 1 ORDER BY 1")
    return {row[0]: row[1] for row in counted}


def release(connection: Connection, id_: UUID, notification_id: int | None = None) -> int:
    """Let the runners try again what has that id, or that one event of it; returns how much that
    was. A dispatch that the log has lost stays: it would be sent again."""
    return connection.exec_driver_sql(
        "DELETE FROM quarantine WHERE id = %(id)s AND dispatched IS NULL"
        " AND (%(number)s::bigint IS NULL OR notification_id = %(number)s)",
        {"id": str(id_), "number": notification_id},
    ).rowcount


def kept(connection: Connection, kind: Kind, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these ids that are put aside, but for lost dispatches, which are recorded by
    themselves."""
    found = rows(
        connection,
        "SELECT id FROM quarantine WHERE kind = %(kind)s AND id = ANY(%(ids)s::uuid[])"
        " AND dispatched IS NULL",
        kind=kind,
        ids=uuids(ids),
    )
    return {row.id for row in found}


def note_outcome(connection: Connection, message_id: UUID, outcome: Any) -> bool:
    """Keep what came of a dispatch that waits to be recorded again; False if none waits."""
    return bool(
        connection.exec_driver_sql(
            "UPDATE quarantine SET dispatched = jsonb_set(dispatched, '{outcome}', %(outcome)s)"
            " WHERE kind = 'message' AND id = %(id)s AND dispatched IS NOT NULL",
            {"id": str(message_id), "outcome": msgspec.json.encode(outcome).decode()},
        ).rowcount
    )


def recorded(connection: Connection, ids: Iterable[UUID]) -> None:
    """Let go of these messages: their lost dispatches are recorded again."""
    connection.exec_driver_sql(
        "DELETE FROM quarantine WHERE kind = 'message' AND id = ANY(%(ids)s::uuid[])",
        {"ids": uuids(ids)},
    )


def give_up(connection: Connection, message_id: UUID, reason: str) -> None:
    """Keep a message whose lost dispatch can never be recorded again, for a person to see."""
    connection.exec_driver_sql(
        "UPDATE quarantine SET dispatched = NULL, reason = %(reason)s"
        " WHERE kind = 'message' AND id = %(id)s",
        {"id": str(message_id), "reason": reason},
    )


def let_go(connection: Connection, id_: UUID | None, notification_id: int | None = None) -> int:
    """Release what has that id, or that one event; returns how much that was.

    One of the two may be None. Raises NotFoundError if nothing like it is put aside, and
    WrongStateError if all of it is lost dispatches, which are recorded by themselves.
    """
    found = rows(
        connection,
        "SELECT id FROM quarantine WHERE (%(id)s::uuid IS NULL OR id = %(id)s::uuid)"
        " AND (%(number)s::bigint IS NULL OR notification_id = %(number)s) FOR UPDATE",
        id=None if id_ is None else str(id_),
        number=notification_id,
    )
    if not found:
        what = id_ if notification_id is None else f"of event {notification_id}"
        raise NotFoundError("entry in quarantine", what)
    released = sum(release(connection, each, notification_id) for each in {row.id for row in found})
    if not released:
        state = "handed over already, and recorded by itself as soon as it can be"
        raise WrongStateError("message", state, "release")
    return released

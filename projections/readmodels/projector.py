"""Turns stored events into read models: live, in the appending transaction, and in a rebuild.

A batch is split into waves that hold at most one event per aggregate. A wave is handled topic by
topic, one set-based statement each, which reads the events' fields as columns. Waves order events
of different aggregates anew. So a statement may read of other aggregates' rows only what never
changes, or what comes to the same in either order, as holding and freeing does.

What the statements say was counted is added up and written once, in id order, after the last wave.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import IntegrityError
from sqlalchemy import Connection

from projections.database.prepared import execute, fetch
from projections.readmodels import (
    campaigns,
    consents,
    counters,
    devices,
    enrollments,
    lead_changes,
    message_changes,
    messages,
    replies,
    segments,
    sequences,
    suppressions,
)
from projections.readmodels.handler import Handler, Handlers

# originator id, originator version, topic, state as JSON
Row = tuple[UUID, int, str, bytes]
# The same, where the id only has to say which events are of one aggregate.
Unowned = tuple[Hashable, int, str, bytes]

# In the order in which a wave is handled. Messages come after their campaigns and sequences, whose
# status says whether they are due; replies come after the messages that they answer.
HANDLERS: Handlers = {
    **devices.HANDLERS,
    **lead_changes.HANDLERS,
    **consents.HANDLERS,
    **suppressions.HANDLERS,
    **segments.HANDLERS,
    **sequences.HANDLERS,
    **campaigns.HANDLERS,
    **enrollments.HANDLERS,
    **messages.HANDLERS,
    **message_changes.HANDLERS,
    **replies.HANDLERS,
}
CLAIMED, QUEUED = "message.claimed", "message.queued"

# A row of the log, or a claim and the dispatch right after it as one: aggregate, version, topic or
# topics, state or states. Plain tuples, because there is one for every event.
Step = tuple[Hashable, int, str | tuple[str, ...], Any]


class Change(NamedTuple):
    """What ``events`` steps of one kind do, each to its own aggregate: by the statement of every
    handler, with the parameters beside it."""

    statements: Sequence[tuple[Handler, dict[str, str | None]]]
    events: int


def changes(rows: Sequence[Unowned]) -> list[Change]:
    """What ``rows``, which are in order per aggregate, do to the read models. Topics without a
    handler do nothing. Raises msgspec.MsgspecError where one is no event of its topic."""
    result: list[Change] = []
    for wave in waves(joined(rows)):
        batches: dict[str | tuple[str, ...], list[Any]] = {}
        for _, _, topics, states in wave:
            batches.setdefault(topics, []).append(states)
        for topics, handlers in HANDLERS.items():
            alone = len(topics) == 1
            states = batches.get(topics[0] if alone else topics)
            if states:
                columns = (states,) if alone else tuple(zip(*states, strict=True))
                statements = [(each, each.batch.parameters(*columns)) for each in handlers]
                result.append(Change(statements, len(states)))
    return result


def project(connection: Connection, changes: Iterable[Change]) -> counters.Tally:
    """Makes the changes, but for the counts, which the caller has to write.

    Raises the library's IntegrityError where an event does not follow the version that its
    aggregate's row has, or begins an aggregate with another version than 1. Then fewer rows change
    than there are events, and the transaction must be rolled back. Without this check a stream
    could have a gap.
    """
    tally = counters.Tally()
    for statements, events in changes:
        changed = 0
        for handler, parameters in statements:
            if handler.counted is not None:
                found = fetch(connection, handler.statement, **parameters)
                changed += handler.counted(tally, found)
                continue
            count = execute(connection, handler.statement, **parameters)
            changed += count if handler.own else 0
        if changed != events:
            raise IntegrityError(f"{events} events, but {changed} rows of the version before")
    return tally


def joined(rows: Sequence[Unowned]) -> Sequence[Step]:
    """``rows``, where a claim and the dispatch right after it are one step."""
    if not {row[2] for row in rows} >= {CLAIMED, QUEUED}:
        return rows
    steps: list[Step] = []
    claim: Unowned | None = None
    for row in rows:
        if claim is not None and row[0] == claim[0] and row[2] == QUEUED:
            steps[-1] = (row[0], row[1], (CLAIMED, QUEUED), (claim[3], row[3]))
            claim = None
        else:
            steps.append(row)
            claim = row if row[2] == CLAIMED else None
    return steps


def waves(steps: Sequence[Step]) -> Iterable[Sequence[Step]]:
    """``steps`` in as few groups as possible, each with at most one step per aggregate."""
    if len({step[0] for step in steps}) == len(steps):
        return (steps,)
    groups: list[list[Step]] = []
    next_wave: dict[Hashable, int] = {}
    for step in steps:
        wave = next_wave.get(step[0], 0)
        next_wave[step[0]] = wave + 1
        if wave == len(groups):
            groups.append([])
        groups[wave].append(step)
    return groups

"""Turns stored events into read models: live, in the appending transaction, and in a rebuild.

A batch is split into waves that hold at most one event per aggregate; a wave is handled topic by
topic, one set-based statement each, which reads the events' fields as columns. What the statements
say was counted is added up and written once, in id order, after the last wave.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from projections.database.prepared import execute
from projections.readmodels import (
    campaigns,
    counters,
    devices,
    enrollments,
    leads,
    messages,
    sequences,
)
from projections.readmodels.handler import Handler

# originator id, originator version, topic, state as JSON
Row = tuple[UUID, int, str, bytes]
# The same, where the id only has to say which events are of one aggregate.
Unowned = tuple[Hashable, int, str, bytes]

CLAIMED, QUEUED = "message.claimed", "message.queued"

# In the order in which a wave is handled. Messages come after their campaigns and sequences, whose
# status says whether they are due; replies come after the messages that they answer.
HANDLERS: dict[str, Handler] = {
    **devices.HANDLERS,
    **leads.HANDLERS,
    **sequences.HANDLERS,
    **campaigns.HANDLERS,
    **enrollments.HANDLERS,
    **messages.HANDLERS,
    **leads.REPLIES,
}


class Change(NamedTuple):
    """What one statement does: ``handler``'s, with these ``parameters``."""

    handler: Handler
    parameters: dict[str, str | None]


def changes(rows: Sequence[Unowned]) -> list[Change]:
    """What ``rows``, which are in order per aggregate, do to the read models. Topics without a
    handler do nothing. Raises msgspec.MsgspecError where one is no event of its topic."""
    found: list[Change] = []
    for wave in waves(joined(rows)):
        by_topic: dict[str, list[bytes]] = {}
        for _, _, topic, state in wave:
            by_topic.setdefault(topic, []).append(state)
        for topic in HANDLERS.keys() & by_topic.keys() if len(by_topic) == 1 else HANDLERS:
            states = by_topic.get(topic)
            if states:
                handler = HANDLERS[topic]
                found.append(Change(handler, handler.columns.parameters(states)))
    return found


def project(connection: Connection, changes: Iterable[Change]) -> counters.Tally:
    """Makes the changes, but for the counts, which the caller has to write."""
    tally = counters.Tally()
    for handler, parameters in changes:
        result = execute(connection, handler.statement, **parameters)
        if handler.counted is not None:
            handler.counted(tally, result.all())
    return tally


def joined(rows: Sequence[Unowned]) -> Sequence[Unowned]:
    """``rows``, where a claim and the hand-over right after it are one that has the fields of both:
    of a key that is there twice, the later one counts."""
    if not {row[2] for row in rows} >= {CLAIMED, QUEUED}:
        return rows
    found: list[Unowned] = []
    claim: Unowned | None = None
    for row in rows:
        if claim is not None and row[0] == claim[0] and row[2] == QUEUED:
            state = b"%b,%b" % (claim[3][:-1], row[3][1:])
            found[-1] = (row[0], row[1], f"{CLAIMED} {QUEUED}", state)
            claim = None
        else:
            found.append(row)
            claim = row if row[2] == CLAIMED else None
    return found


def waves(rows: Sequence[Unowned]) -> Iterable[Sequence[Unowned]]:
    """``rows`` in as few groups as possible, each with at most one event per aggregate."""
    if len({row[0] for row in rows}) == len(rows):
        return (rows,)
    found: list[list[Unowned]] = []
    next_wave: dict[Hashable, int] = {}
    for row in rows:
        wave = next_wave.get(row[0], 0)
        next_wave[row[0]] = wave + 1
        if wave == len(found):
            found.append([])
        found[wave].append(row)
    return found

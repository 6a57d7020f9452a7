"""Turns stored events into read models: live, in the appending transaction, and in a rebuild.

A batch is split into waves that hold at most one event per aggregate. A wave is handled topic by
topic, one set-based statement each, which reads the events' fields as columns. Waves order events
of different aggregates anew. So a statement may read of other aggregates' rows only what never
changes, or what comes to the same in either order, as holding and freeing does.

What the statements say was counted is added up and written once, in id order, after the last wave.
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
    message_changes,
    messages,
    sequences,
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
    **leads.HANDLERS,
    **sequences.HANDLERS,
    **campaigns.HANDLERS,
    **enrollments.HANDLERS,
    **messages.HANDLERS,
    **message_changes.HANDLERS,
    **leads.REPLIES,
}
# Every topic that has a handler of its own, as a key of HANDLERS.
_KEYS = {key[0]: key for key in HANDLERS if len(key) == 1}
CLAIMED, QUEUED = _KEYS["message.claimed"], _KEYS["message.queued"]


class Step(NamedTuple):
    """Events of one aggregate that are handled together, in their order."""

    aggregate: Hashable
    topics: tuple[str, ...]
    states: tuple[bytes, ...]


class Change(NamedTuple):
    """What one statement does: ``handler``'s, with these ``parameters``."""

    handler: Handler
    parameters: dict[str, str | None]


def changes(rows: Sequence[Unowned]) -> list[Change]:
    """What ``rows``, which are in order per aggregate, do to the read models. Topics without a
    handler do nothing. Raises msgspec.MsgspecError where one is no event of its topic."""
    result: list[Change] = []
    for wave in waves(steps(rows)):
        batches: dict[tuple[str, ...], list[tuple[bytes, ...]]] = {}
        for step in wave:
            batches.setdefault(step.topics, []).append(step.states)
        for topics in batches if len(batches) == 1 else HANDLERS:
            states = batches.get(topics)
            if states:
                columns = tuple(zip(*states, strict=True))
                for handler in HANDLERS[topics]:
                    result.append(Change(handler, handler.batch.parameters(*columns)))
    return result


def project(connection: Connection, changes: Iterable[Change]) -> counters.Tally:
    """Makes the changes, but for the counts, which the caller has to write."""
    tally = counters.Tally()
    for handler, parameters in changes:
        result = execute(connection, handler.statement, **parameters)
        if handler.counted is not None:
            handler.counted(tally, result.all())
    return tally


def steps(rows: Sequence[Unowned]) -> list[Step]:
    """``rows`` as what is handled together: a claim and the dispatch right after it are one."""
    result: list[Step] = []
    for aggregate, _, topic, state in rows:
        topics = _KEYS.get(topic)
        if topics is None:
            continue
        if topics is QUEUED and result and result[-1][:2] == (aggregate, CLAIMED):
            result[-1] = Step(aggregate, (*CLAIMED, *QUEUED), (*result[-1].states, state))
        else:
            result.append(Step(aggregate, topics, (state,)))
    return result


def waves(steps: Sequence[Step]) -> Iterable[Sequence[Step]]:
    """``steps`` in as few groups as possible, each with at most one step per aggregate."""
    if len({step.aggregate for step in steps}) == len(steps):
        return (steps,)
    groups: list[list[Step]] = []
    next_wave: dict[Hashable, int] = {}
    for step in steps:
        wave = next_wave.get(step.aggregate, 0)
        next_wave[step.aggregate] = wave + 1
        if wave == len(groups):
            groups.append([])
        groups[wave].append(step)
    return groups

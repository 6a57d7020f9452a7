"""How the installation fares: its runner processes, the inbox, what is in quarantine, and
incidents.

``lines`` is the one definition of what a person should know of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection

from projections.database.engine import rows
from projections.records import inbox, incidents, quarantine, runner_processes, unattributed
from projections.records.inbox import Waiting

BROADCASTER = "broadcaster"
RECEIVER = "receiver"
# How long what came may wait for a receiver that lives.
WAITS = timedelta(minutes=5)
# What a kind in quarantine is called, where that is no word for things.
_CALLED = {"inbound": "webhook"}
# What several processes notice, each this long after the one before at most, is one incident.
TOGETHER = timedelta(minutes=10)


class RunnerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one runner of a process fares; ``failures`` counts those in a row, and ``error`` is the
    kind of the last of them."""

    worked_at: datetime | None = None
    failures: int = 0
    error: str | None = None


class ProcessStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A process that runs ``runners``, seen at ``seen_at`` for the last time. ``states`` is by the
    name of a runner, and may name what runs beside those that were asked for."""

    process: str
    runners: list[str]
    alive: bool
    seen_at: datetime
    states: dict[str, RunnerStatus]

    @property
    def failing(self) -> dict[str, RunnerStatus]:
        """What cannot work now; empty if the process is silent."""
        return {name: state for name, state in self.states.items() if state.failures and self.alive}


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at one instant.

    ``quarantined`` counts by kind, ``incidents`` are rows of that table, newest first. ``is_due``
    says whether a message is. ``waiting`` is the inbox; ``unattributed`` counts the replies of the
    last 30 days of people whom nobody knows.
    """

    now: datetime

    processes: list[ProcessStatus]
    quarantined: dict[str, int]
    incidents: Sequence[Any]
    is_due: bool
    waiting: Waiting
    unattributed: int


def operations(connection: Connection, now: datetime) -> Operations:
    """How things stand at ``now``."""
    due = rows(
        connection,
        "SELECT EXISTS (SELECT FROM broadcast_messages WHERE due_at <= %(now)s)",
        now=now,
    )
    return Operations(
        now=now,
        processes=processes(connection, now),
        quarantined=quarantine.counts(connection),
        incidents=incidents.recent(connection, now),
        is_due=due[0][0],
        waiting=inbox.waiting(connection),
        unattributed=unattributed.count(connection, now),
    )


def processes(connection: Connection, now: datetime) -> list[ProcessStatus]:
    """Every process that runs runners, in order of name."""
    return [
        ProcessStatus(
            process=row.process,
            runners=row.runners,
            alive=row.alive,
            seen_at=row.seen_at,
            states=msgspec.convert(row.states, dict[str, RunnerStatus]),
        )
        for row in runner_processes.every(connection, now)
    ]


def lines(found: Operations, since: datetime) -> list[str]:
    """What a person should know, one line for each thing; of incidents those after ``since``."""
    return [
        *_missing_runners(found),
        *_inbox(found),
        *_failing(found.processes),
        *(_put_aside(kind, count) for kind, count in found.quarantined.items()),
        *_incident_lines([row for row in found.incidents if row.noticed_at > since]),
    ]


def moment(instant: datetime) -> str:
    """The instant as all of this shows it, to the second."""
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def _missing_runners(found: Operations) -> Iterator[str]:
    alive = [each for each in found.processes if each.alive]
    if not alive and (found.processes or found.is_due):
        yield "no runner process is alive"
    elif found.is_due and not any(BROADCASTER in each.runners for each in alive):
        yield "messages are due, and no broadcaster is alive"


def _inbox(found: Operations) -> Iterator[str]:
    count, since = found.waiting
    lives = any(each.alive and RECEIVER in each.runners for each in found.processes)
    if since is None or (lives and found.now - since <= WAITS):
        return
    verb = "waits" if count == 1 else "wait"
    why = "the receiver does not keep up" if lives else "no receiver is alive"
    webhooks = f"{_number(count, 'webhook')} {verb} to be recorded"
    yield f"{webhooks}, the oldest since {moment(since)}: {why}"


def unattributed_line(count: int) -> str | None:
    """How many replies are of nobody, and where they are; None if there are none. It is nothing to
    warn of: strangers write."""
    if not count:
        return None
    verb = "is" if count == 1 else "are"
    what = "reply" if count == 1 else "replies"
    where = "GET /api/v1/replies?attributed=false"
    return f"{count} {what} of the last 30 days {verb} of nobody known: {where}"


def _failing(found: Sequence[ProcessStatus]) -> Iterator[str]:
    for each in found:
        for name, state in each.failing.items():
            times = _number(state.failures, "time")
            yield f"{name} of {each.process} failed {times} in a row: {state.error}"


def _put_aside(kind: str, count: int) -> str:
    verb = "is" if count == 1 else "are"
    how = f"sendtrail audit quarantine list --kind {kind}"
    return f"{_number(count, _CALLED.get(kind, kind))} {verb} in quarantine: {how}"


def _incident_lines(found: Sequence[Any]) -> Iterator[str]:
    """Newest first. Every process notices that the database went back, and what it lost then."""
    for known, group in groupby(found, lambda row: row.kind in incidents.KINDS):
        if known:
            yield from (_went_back(together) for together in _together(list(group)))
        else:
            yield from (f"{row.kind}, noticed at {moment(row.noticed_at)}" for row in group)


def _together(found: Sequence[Any]) -> list[list[Any]]:
    """The same rows in groups of those that belong together."""
    groups: list[list[Any]] = []
    for row in found:
        if groups and groups[-1][-1].noticed_at - row.noticed_at <= TOGETHER:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _went_back(together: Sequence[Any]) -> str:
    line = f"the database went back, noticed at {moment(together[-1].noticed_at)}"
    ends = [row.detail["end"] for row in together if row.kind == incidents.WENT_BACK]
    if ends:
        line += f": its log ended at event {min(ends)} and lacked what had been committed"
    lost = sum(row.detail["messages"] for row in together if row.kind == incidents.LOST_DISPATCHES)
    if lost:
        dispatches = f"{_number(lost, 'dispatch', 'es')} {'was' if lost == 1 else 'were'}"
        line += f"; {dispatches} lost, and recorded again or still in quarantine"
    return line


def _number(count: int, what: str, plural: str = "s") -> str:
    return f"{count} {what}{'' if count == 1 else plural}"

"""When the database went back: what this worker handed over is put aside, then recorded again.

No worker claims before every living one has put aside what it knows, because any of them could
claim a message that another one has sent. Until it is recorded again, a message in quarantine is
claimed by nobody. A message that the log does not know at all any more stays there until it is
scheduled anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Connection

from domain import message, values
from domain.errors import StorageError, WrongStateError
from domain.event import Event
from domain.message import DispatchOutcome, Origin
from domain.message.events import MessageQueued
from projections.container import Container
from projections.database.servers import SERVER
from projections.eventstore.mapper import decode
from projections.queue import lookup, lost
from projections.queue.lost import Sought
from projections.records import incidents, quarantine, runner_processes
from projections.records.quarantine import Aside
from runners.sending.memory import DispatchMemory, Remembered

log = structlog.get_logger()

# Dispatches that are looked for at once.
PAGE = 1000
# Seconds that a worker waits for the others that it knows of, for those that the log may have lost,
# and between two looks at them.
PATIENCE, GRACE, LOOK_AGAIN = 20.0, 5.0, 0.5

_encode = msgspec.json.Encoder().encode


def put_aside_lost(container: Container, memory: DispatchMemory, worker: str) -> tuple[str, int]:
    """Put aside every dispatch of ``memory`` that the log has not; returns the server whose log
    that is, and how many they are. The server knows then that this worker has looked.

    Raises StorageError if the log may have lost more than the memory holds: nobody knows then what
    this worker has sent, so that it must not go on.
    """
    asides: list[Aside] = []
    lost_here: dict[UUID, Origin] = {}
    with container.database.transaction() as connection:
        server, now = str(connection.info[SERVER]), container.outreach.clock()
        whole = False
        for page in memory.newest_first(PAGE):
            missing = _missing(connection, page)
            asides.extend(_aside(remembered, worker) for remembered in missing)
            lost_here.update((each.queued.originator_id, each.origin) for each in missing)
            # A log loses its end: what is older than a page that is all there is there too.
            if whole := not missing:
                break
        older = [] if whole or memory.forgotten is None else [memory.forgotten]
        lost_more = bool(_missing(connection, older))
        if asides:
            quarantine.put(connection, asides, now)
        if asides and memory.reported != server:
            detail = {"messages": len(asides), "more": lost_more}
            incidents.report(connection, incidents.LOST_DISPATCHES, worker, detail, now)
        runner_processes.reconcile(connection, worker, server, now)
    memory.lost.update(lost_here)
    memory.reported = server
    if lost_more:
        raise StorageError(
            "the database went back further than this worker remembers what it sent;"
            " nothing is sent until it is started anew"
        )
    return server, len(asides)


def _missing(connection: Connection, page: Sequence[Remembered]) -> list[Remembered]:
    """Those of which the log lacks an event that matters."""
    sought = [
        (index, _sought(each.origin, event))
        for index, each in enumerate(page)
        for event in each.events
    ]
    places = lost.missing(connection, [event for _, event in sought]) if sought else set()
    return [page[index] for index in sorted({sought[place][0] for place in places})]


def _sought(origin: Origin, event: Event) -> Sought:
    # As the fields stand side by side in its JSON.
    mark = _encode({"timestamp": event.timestamp, "actor": event.actor})[1:-1]
    return Sought(event.originator_id, origin, isinstance(event, MessageQueued), mark)


def _aside(remembered: Remembered, worker: str) -> Aside:
    origin, queued, outcome = remembered
    return Aside(
        kind="message",
        id=queued.originator_id,
        runner=worker,
        reason="it was handed over, and the database went back to before that",
        dispatched={"queued": queued, "outcome": _stored(outcome)},
        **msgspec.structs.asdict(origin),
    )


def _stored(outcome: Event | None) -> dict[str, Any] | None:
    return None if outcome is None else {"topic": outcome.TOPIC, "state": outcome}


def note_outcome(connection: Connection, outcome: Event) -> bool:
    """Keep what came of a dispatch that waits to be recorded again; False if none waits."""
    return quarantine.note_outcome(connection, outcome.originator_id, _stored(outcome))


def record_lost(container: Container, limit: int = PAGE) -> int:
    """Record again the lost dispatches of messages that there are; returns how many these were.

    A message that has become something else meanwhile stays in quarantine, for a person to see.
    """

    def work(connection: Connection) -> int:
        found = lost.recordable(connection, limit)
        events: list[Event] = []
        done: list[UUID] = []
        for row in found:
            try:
                events.extend(_again(row))
                done.append(row.lost_id)
            except WrongStateError as error:
                reason = f"it was handed over, and the database went back; {error}"
                quarantine.give_up(connection, row.lost_id, reason)
        quarantine.recorded(connection, done)
        container.outreach.record(connection, events)
        return len(found)

    total = 0
    while done := container.run_around("reap", "reaper", work):
        total += done
    if total:
        log.warning("database.recorded_again", messages=total)
    return total


def _again(row: Any) -> list[Event]:
    """The events that are missing of the message of that row."""
    queued = msgspec.convert(row.dispatched["queued"], MessageQueued)
    stored = row.dispatched["outcome"]
    outcome: DispatchOutcome | None = None
    if stored is not None:
        outcome = decode(stored["topic"], _encode(stored["state"]))  # type: ignore[assignment]
    slot_day = queued.timestamp.astimezone(values.zone(row.timezone)).date()
    return message.record_again(lookup.state(row), queued, outcome, slot_day)


async def reconcile(
    container: Container, memory: DispatchMemory, worker: str, *, grace: float
) -> str:
    """Put aside and record again what the present server lost of this worker's dispatches, and wait
    until every other living worker has put aside its own. Returns the server.

    It waits at least ``grace`` seconds: a worker that began in what was lost is known to nobody.
    """
    server, lost_here = await asyncio.to_thread(put_aside_lost, container, memory, worker)
    if lost_here:
        log.error("database.lost_dispatches", worker=worker, messages=lost_here)
    began = monotonic()
    while True:
        waiting = await asyncio.to_thread(_others, container, server)
        waited = monotonic() - began
        if waiting and waited > PATIENCE:
            log.warning("database.did_not_wait", workers=len(waiting))
            break
        if not waiting and waited >= grace:
            break
        await asyncio.sleep(LOOK_AGAIN)
    await asyncio.to_thread(record_lost, container)
    return server


def _others(container: Container, server: str) -> list[str]:
    with container.database.transaction() as connection:
        return runner_processes.not_reconciled(connection, server)

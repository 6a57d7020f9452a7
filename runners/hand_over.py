"""The hand-over: the last look at messages whose slot has come, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Connection

from domain import message, rendering
from domain.event import Event
from domain.last_look import Cancel, Release, Surroundings, last_look
from domain.message_events import MessageQueued
from domain.outreach import Outreach
from projections import queue
from runners.gateways import Outgoing


class Claimed(Protocol):
    """What the hand-over needs to know of a claimed message."""

    @property
    def send_at(self) -> datetime: ...

    @property
    def message_id(self) -> UUID: ...

    @property
    def device_id(self) -> UUID: ...


class HandedOver(NamedTuple):
    """``outgoing`` are to be sent as soon as the transaction is committed, each by the gateway of
    that name; ``postponed`` have another moment."""

    outgoing: list[tuple[str, Outgoing]]
    postponed: list[Any]


def decide(
    connection: Connection, outreach: Outreach, due: Sequence[Any], worker: str, actor: str
) -> HandedOver:
    """Looks at each of ``due`` once more: sends, cancels, releases, or postpones it because the
    device handed something over less than its minimum delay ago, whoever did that."""
    found = {row.message_id: row for row in queue.for_hand_over(connection, _ids(due))}
    paced = {row.device_id for row in found.values() if row.min_delay_seconds > 0}
    latest = queue.lanes(connection, paced) if paced else {}
    now = outreach.clock()
    result = HandedOver([], [])
    events: list[Event] = []
    for slot in sorted(due):
        row = found[slot.message_id]
        if row.status != "processing" or row.worker != worker or row.send_at is None:
            continue  # its lease ended, or somebody cancelled it
        state = _state(row)
        verdict = last_look(_surroundings(row), now)
        if isinstance(verdict, Cancel):
            events.append(message.cancel(state, verdict.reason, now=now, actor=actor))
            continue
        if isinstance(verdict, Release):
            events.append(message.release(state, verdict.reason, now=now, actor=actor))
            continue
        if row.lease_until <= now:
            events.append(message.release(state, "too late", now=now, actor=actor))
            continue
        free_at = _free_at(latest.get(row.device_id), row.min_delay_seconds)
        if free_at is not None and free_at > now:
            result.postponed.append(slot._replace(send_at=free_at))
            continue
        if row.min_delay_seconds > 0:
            latest[row.device_id] = now
        queued, outgoing = _hand_over(state, row, now, actor)
        events.append(queued)
        result.outgoing.append((row.gateway, outgoing))
    outreach.record(connection, events)
    return result


def _ids(due: Sequence[Claimed]) -> list[UUID]:
    return [slot.message_id for slot in due]


def _free_at(latest: datetime | None, min_delay_seconds: float) -> datetime | None:
    return None if latest is None else latest + timedelta(seconds=min_delay_seconds)


def _hand_over(
    state: message.Message, row: Any, now: datetime, actor: str
) -> tuple[MessageQueued, Outgoing]:
    text = rendering.render(row.body, rendering.values_of(row.name, row.phone, row.attributes))
    queued = message.hand_over(
        state,
        row.content_id,
        row.lead_version,
        rendering.digest(text, row.media_url),
        now=now,
        actor=actor,
    )
    outgoing = Outgoing(
        message_id=row.message_id,
        device_id=row.device_id,
        phone=row.phone,
        text=text,
        media_url=row.media_url,
        attempt=row.attempt + 1,
        settings=row.settings,
    )
    return queued, outgoing


def _state(row: Any) -> message.Message:
    """As much of the message's state as the decisions here look at."""
    return message.Message(
        id=row.message_id,
        version=row.version,
        status=row.status,
        lead_id=row.lead_id,
        device_id=row.device_id,
        scheduled_at=row.scheduled_at,
        attempt=row.attempt,
    )


def _surroundings(row: Any) -> Surroundings:
    return Surroundings(
        opted_out=row.opted_out_at is not None,
        device_status=row.device_status,
        owner_status=row.owner_status,
        sequence_stopped=row.cancel_pending,
        stopped_because=row.stopped_because,
        expires_at=row.expires_at,
    )

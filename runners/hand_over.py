"""The hand-over: the last look at messages whose slot has come, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import message, pacing, rendering
from domain.errors import SettingsError
from domain.event import Event
from domain.last_look import Cancel, Release, Surroundings, last_look
from domain.message_events import MessageQueued
from domain.pacing import Lane
from projections import queue
from projections.composition import House
from projections.settings import Settings
from runners.claims import Slot
from runners.gateways import Outgoing

# A call that has not begun so long after its hand-over is not made any more: by then it is somebody
# else's turn.
GRACE = timedelta(seconds=5)


def patience(settings: Settings) -> timedelta:
    """How long after a hand-over the call of the gateway is surely over."""
    return GRACE + timedelta(seconds=settings.gateway_timeout)


class HandedOver(NamedTuple):
    """``outgoing`` are to be sent as soon as the transaction is committed, each by the gateway of
    that name; ``postponed`` have to wait until their devices are free."""

    outgoing: list[tuple[str, Outgoing]]
    postponed: list[tuple[Slot, datetime]]


def decide(
    connection: Connection, house: House, due: Sequence[Slot], worker: str, actor: str
) -> HandedOver:
    """Looks at each of ``due`` once more: sends, cancels, releases, or postpones it because the
    device still sends something else, or has within its minimum delay, whoever did that."""
    found = {row.message_id: row for row in queue.for_hand_over(connection, _ids(due))}
    paced = {row.device_id for row in found.values() if row.min_delay_seconds > 0}
    lanes = queue.lanes(connection, paced) if paced else {}
    now = house.outreach.clock()
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
        credentials = _credentials(house, row)
        if credentials is None:  # the monitor takes the device off
            reason = "credentials cannot be read"
            events.append(message.release(state, reason, now=now, actor=actor))
            continue
        if row.min_delay_seconds > 0:
            pause = timedelta(seconds=row.min_delay_seconds)
            free_at = pacing.free_at(lanes[row.device_id], pause, patience(house.settings), now)
            if free_at > now:
                result.postponed.append((slot, free_at))
                continue
            lanes[row.device_id] = Lane(now, busy=True)
        queued, outgoing = _hand_over(state, row, credentials, now, actor)
        events.append(queued)
        result.outgoing.append((row.gateway, outgoing))
    house.outreach.record(connection, events)
    return result


def _ids(due: Sequence[Slot]) -> list[UUID]:
    return [slot.message_id for slot in due]


def _hand_over(
    state: message.Message, row: Any, credentials: dict[str, str], now: datetime, actor: str
) -> tuple[MessageQueued, Outgoing]:
    values = rendering.values_of(row.name, row.phone, row.attributes)
    text = rendering.render(row.body, values)
    template = rendering.render_template(_template(row.template), values)
    queued = message.hand_over(
        state,
        row.content_id,
        row.lead_version,
        rendering.digest(text, row.media_url, template),
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
        credentials=credentials,
        template=template,
        call_before=now + GRACE,
    )
    return queued, outgoing


def _template(stored: dict[str, Any] | None) -> rendering.Template | None:
    return None if stored is None else msgspec.convert(stored, rendering.Template)


def _credentials(house: House, row: Any) -> dict[str, str] | None:
    try:
        return house.secrets.read(row.ciphertext)
    except SettingsError:
        return None


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

"""The hand-over: the last look at messages whose slot has come, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import message, pacing, rendering
from domain.errors import SettingsError
from domain.event import Event
from domain.last_look import Cancel, Release, Surroundings, last_look
from domain.message_events import MessageQueued
from domain.pacing import Lane
from projections import hand_overs
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


class Around(NamedTuple):
    """What a batch of messages has in common."""

    devices: dict[UUID, hand_overs.Device]
    credentials: dict[UUID, dict[str, str] | None]
    owners: dict[str, hand_overs.Owner]


def decide(
    connection: Connection, house: House, due: Sequence[Slot], worker: str, actor: str
) -> HandedOver:
    """Looks at each of ``due`` once more: sends, cancels, releases, or postpones it because the
    device still sends something else, or has within its minimum delay, whoever did that."""
    slots = sorted(due, key=_lock_order)
    found = hand_overs.messages(connection, (slot.message_id for slot in slots), worker)
    # Whoever is missing lost its lease, or somebody cancelled it.
    pairs = sorted(((slots[row.place - 1], row) for row in found), key=_moment)
    around = _around(connection, house, pairs)
    pauses = [_pause(slot, row, around) for slot, row in pairs]
    paced = {slot.device_id for (slot, _), pause in zip(pairs, pauses, strict=True) if pause}
    lanes = hand_overs.lanes(connection, paced) if paced else {}
    now = house.outreach.clock()
    result = HandedOver([], [])
    events: list[Event] = []
    for (slot, row), pause in zip(pairs, pauses, strict=True):
        state = message.InHand(slot.message_id, row.version, "processing", row.attempt)
        credentials = around.credentials[slot.device_id]
        verdict = last_look(_surroundings(slot, row, around), now)
        if verdict is None and slot.lease_until <= now:
            verdict = Release("too late")
        if verdict is None and credentials is None:  # the monitor takes the device off
            verdict = Release("credentials cannot be read")
        if isinstance(verdict, Cancel):
            events.append(message.cancel(state, verdict.reason, now=now, actor=actor))
            continue
        if isinstance(verdict, Release):
            events.append(message.release(state, verdict.reason, now=now, actor=actor))
            continue
        if pause:
            free_at = pacing.free_at(lanes[slot.device_id], pause, patience(house.settings), now)
            if free_at > now:
                result.postponed.append((slot, free_at))
                continue
            lanes[slot.device_id] = Lane(now, busy=True)
        queued, outgoing = _hand_over(state, slot, row, around, now, actor)
        events.append(queued)
        result.outgoing.append((around.devices[slot.device_id].gateway, outgoing))
    house.outreach.record(connection, events)
    return result


Pair = tuple[Slot, hand_overs.Claimed]


def _lock_order(slot: Slot) -> int:
    return slot.message_id.int


def _moment(pair: Pair) -> datetime:
    return pair[0].send_at


def _around(connection: Connection, house: House, pairs: Sequence[Pair]) -> Around:
    devices = hand_overs.devices(connection, {slot.device_id for slot, _ in pairs})
    return Around(
        devices,
        {id_: _credentials(house, device) for id_, device in devices.items()},
        hand_overs.owners(connection, {row.owner_id for _, row in pairs}),
    )


def _pause(slot: Slot, row: hand_overs.Claimed, around: Around) -> timedelta | None:
    """After a message of that device: the slower of its own and what its campaign or sequence asks
    for."""
    seconds = max(
        around.devices[slot.device_id].min_delay_seconds,
        around.owners[row.owner_id].min_delay_seconds,
    )
    return timedelta(seconds=seconds) if seconds > 0 else None


def _hand_over(
    state: message.InHand,
    slot: Slot,
    row: hand_overs.Claimed,
    around: Around,
    now: datetime,
    actor: str,
) -> tuple[MessageQueued, Outgoing]:
    content = around.owners[row.owner_id].content(row.step)
    values = rendering.values_of(row.name, row.phone, row.attributes)
    text = rendering.render(content.body, values)
    template = rendering.render_template(content.template, values)
    queued = message.hand_over(
        state,
        content.content_id,
        row.lead_version,
        rendering.digest(text, content.media_url, template),
        now=now,
        actor=actor,
    )
    outgoing = Outgoing(
        message_id=state.id,
        version=queued.originator_version,
        device_id=slot.device_id,
        phone=row.phone,
        text=text,
        media_url=content.media_url,
        attempt=row.attempt + 1,
        settings=around.devices[slot.device_id].settings,
        credentials=around.credentials[slot.device_id] or {},
        template=template,
        call_before=now + GRACE,
    )
    return queued, outgoing


def _credentials(house: House, device: hand_overs.Device) -> dict[str, str] | None:
    try:
        return house.secrets.read(device.ciphertext)
    except SettingsError:
        return None


def _surroundings(slot: Slot, row: hand_overs.Claimed, around: Around) -> Surroundings:
    owner = around.owners[row.owner_id]
    return Surroundings(
        opted_out=row.opted_out_at is not None,
        device_status=around.devices[slot.device_id].status,
        owner_status=owner.status,
        sequence_stopped=owner.cancel_pending,
        stopped_because=row.stopped_because,
        expires_at=row.expires_at,
    )

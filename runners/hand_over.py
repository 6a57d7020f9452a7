"""The hand-over: the last look at messages whose slot has come, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

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


class Sender(NamedTuple):
    """A device with its credentials in clear; None if they cannot be read."""

    status: str
    gateway: str
    settings: dict[str, Any]
    min_delay_seconds: float
    credentials: dict[str, str] | None


class Decision(NamedTuple):
    """One message with all that the decision needs; ``pause`` comes after it, the slower of its
    device's and what its campaign or sequence asks for."""

    slot: Slot
    row: hand_overs.Claimed
    device: Sender
    owner: hand_overs.Owner
    pause: float


def decide(
    connection: Connection, house: House, due: Sequence[Slot], worker: str, actor: str
) -> HandedOver:
    """Looks at each of ``due`` once more: sends, cancels, releases, or postpones it because the
    device still sends something else, or has within its minimum delay, whoever did that."""
    open_ = _open(connection, house, due, worker)
    paced = {it.slot.device_id for it in open_ if it.pause > 0}
    lanes = hand_overs.lanes(connection, paced) if paced else {}
    now = house.outreach.clock()
    result = HandedOver([], [])
    events: list[Event] = []
    for it in open_:
        state = message.InHand(it.slot.message_id, it.row.version, "processing", it.row.attempt)
        verdict = last_look(_surroundings(it), now) or _hindrance(it, now)
        if isinstance(verdict, Cancel):
            events.append(message.cancel(state, verdict.reason, now=now, actor=actor))
            continue
        if isinstance(verdict, Release):
            events.append(message.release(state, verdict.reason, now=now, actor=actor))
            continue
        if it.pause > 0:
            device_id, pause = it.slot.device_id, timedelta(seconds=it.pause)
            free_at = pacing.free_at(lanes[device_id], pause, patience(house.settings), now)
            if free_at > now:
                result.postponed.append((it.slot, free_at))
                continue
            lanes[device_id] = Lane(now, busy=True)
        queued, outgoing = _hand_over(state, it, now, actor)
        events.append(queued)
        result.outgoing.append((it.device.gateway, outgoing))
    house.outreach.record(connection, events)
    return result


def _open(connection: Connection, house: House, due: Sequence[Slot], worker: str) -> list[Decision]:
    """Those of ``due`` that the worker still holds, in the order of their moments; of the others
    the lease ended, or somebody cancelled them."""
    slots = sorted(due, key=_lock_order)
    found = hand_overs.messages(connection, (slot.message_id for slot in slots), worker)
    devices = {
        id_: Sender(*device[:-1], _credentials(house, device))
        for id_, device in hand_overs.devices(connection, {s.device_id for s in slots}).items()
    }
    owners = hand_overs.owners(connection, {row.owner_id for row in found})
    decisions = []
    for row in found:
        slot, owner = slots[row.place - 1], owners[row.owner_id]
        device = devices[slot.device_id]
        pause = max(device.min_delay_seconds, owner.min_delay_seconds)
        decisions.append(Decision(slot, row, device, owner, pause))
    decisions.sort(key=_moment)
    return decisions


def _lock_order(slot: Slot) -> int:
    return slot.message_id.int


def _moment(decision: Decision) -> datetime:
    return decision.slot.send_at


def _credentials(house: House, device: hand_overs.Device) -> dict[str, str] | None:
    try:
        return house.secrets.read(device.ciphertext)
    except SettingsError:
        return None


def _surroundings(it: Decision) -> Surroundings:
    return Surroundings(
        opted_out=it.row.opted_out_at is not None,
        device_status=it.device.status,
        owner_status=it.owner.status,
        sequence_stopped=it.owner.cancel_pending,
        stopped_because=it.row.stopped_because,
        expires_at=it.row.expires_at,
    )


def _hindrance(it: Decision, now: datetime) -> Release | None:
    """Why this worker cannot hand it over."""
    if it.slot.lease_until <= now:
        return Release("too late")
    if it.device.credentials is None:  # the monitor takes the device off
        return Release("credentials cannot be read")
    return None


def _hand_over(
    state: message.InHand, it: Decision, now: datetime, actor: str
) -> tuple[MessageQueued, Outgoing]:
    row, content = it.row, it.owner.content(it.row.step)
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
        device_id=it.slot.device_id,
        phone=row.phone,
        text=text,
        media_url=content.media_url,
        attempt=row.attempt + 1,
        settings=it.device.settings,
        credentials=it.device.credentials or {},
        template=template,
        call_before=now + GRACE,
    )
    return queued, outgoing

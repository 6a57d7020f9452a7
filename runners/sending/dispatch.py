"""The hand-over: the last look at messages whose slot has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from domain import content, message, pacing, rendering, send_check
from domain.content import Content
from domain.errors import SettingsError
from domain.event import Event
from domain.message.events import MessageQueued
from domain.pacing import LastDispatch
from domain.send_check import Cancel, Release, SendContext
from projections.config.settings import Settings
from projections.container import Container
from projections.queue import dispatch
from runners.gateways.protocol import Outgoing
from runners.sending.device_queues import Slot

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


class LastLook:
    """Looks at messages one after the other, in the order of their moments, within a transaction
    that holds their rows: each is sent, cancelled, released, or postponed because its device still
    sends something else, or has within its minimum delay, whoever did that.

    ``messages`` are all that it will be asked about. ``result`` is what came of those it has seen.
    """

    def __init__(
        self,
        connection: Connection,
        container: Container,
        messages: Iterable[tuple[Slot, dispatch.Candidate]],
        owners: Mapping[str, dispatch.Owner],
        actor: str,
    ) -> None:
        self.patience = patience(container.settings)
        self.owners = owners
        self.actor = actor
        pairs = {(slot.device_id, row.owner_id) for slot, row in messages}
        ids = {device_id for device_id, _ in pairs}
        found = dispatch.devices(connection, ids) if ids else {}
        self.devices = {
            id_: Sender(*device[:-1], _credentials(container, device))
            for id_, device in found.items()
        }
        paced = {d for d, owner_id in pairs if _pause(self.devices[d], owners[owner_id]) > 0}
        self.lanes = dispatch.lanes(connection, paced) if paced else {}
        self.now = container.outreach.clock()
        self.result = HandedOver([], [])

    def at(self, slot: Slot, row: dispatch.Candidate, version: int) -> Event | None:
        """What becomes of the claimed message, whose version that is; None if it has to wait."""
        now = self.now
        state = message.InHand(slot.message_id, version, "processing", row.attempt)
        device, owner = self.devices[slot.device_id], self.owners[row.owner_id]
        verdict = send_check.check(_send_context(row, device, owner), now) or _hindrance(
            slot, device, now
        )
        if isinstance(verdict, Cancel):
            return message.cancel(state, verdict.reason, now=now, actor=self.actor)
        if isinstance(verdict, Release):
            return message.release(state, verdict.reason, now=now, actor=self.actor)
        pause = _pause(device, owner)
        if pause > 0:
            lane = self.lanes[slot.device_id]
            free_at = pacing.free_at(lane, timedelta(seconds=pause), self.patience, now)
            if free_at > now:
                self.result.postponed.append((slot, free_at))
                return None
            self.lanes[slot.device_id] = LastDispatch(now, awaiting_answer=True)
        return self._hand_over(state, row, slot, device, owner.content(row.step))

    def _hand_over(
        self,
        state: message.InHand,
        row: dispatch.Candidate,
        slot: Slot,
        device: Sender,
        written: Content,
    ) -> MessageQueued:
        names = rendering.names_of(row.name, row.phone, row.attributes)
        rendered = content.render(written, names)
        queued = message.dispatch(
            state,
            written.content_id,
            row.lead_version,
            content.digest(rendered),
            now=self.now,
            actor=self.actor,
        )
        outgoing = Outgoing(
            message_id=state.id,
            version=queued.originator_version,
            device_id=slot.device_id,
            phone=row.phone,
            content=rendered,
            attempt=row.attempt + 1,
            settings=device.settings,
            credentials=device.credentials or {},
            call_before=self.now + GRACE,
        )
        self.result.outgoing.append((device.gateway, outgoing))
        return queued


def decide(
    connection: Connection, container: Container, due: Sequence[Slot], worker: str, actor: str
) -> HandedOver:
    """Looks at each of ``due`` that the worker still holds; of the others the lease ended, or
    somebody cancelled them."""
    slots = sorted(due, key=_lock_order)
    found = dispatch.messages(connection, (slot.message_id for slot in slots), worker)
    owners = dispatch.owners(connection, {row.owner_id for row in found})
    messages = sorted(((slots[row.place - 1], row) for row in found), key=_moment)
    look = LastLook(connection, container, messages, owners, actor)
    events = (look.at(slot, row, row.version) for slot, row in messages)
    container.outreach.record(connection, [event for event in events if event is not None])
    return look.result


def _pause(device: Sender, owner: dispatch.Owner) -> float:
    """Comes after a message: the slower of its device's and what its campaign or sequence asks for;
    in seconds."""
    return max(device.min_delay_seconds, owner.min_delay_seconds)


def _lock_order(slot: Slot) -> int:
    return slot.message_id.int


def _moment(message: tuple[Slot, dispatch.Candidate]) -> datetime:
    return message[0].send_at


def _credentials(container: Container, device: dispatch.Device) -> dict[str, str] | None:
    try:
        return container.secrets.read(device.ciphertext)
    except SettingsError:
        return None


def _send_context(row: dispatch.Candidate, device: Sender, owner: dispatch.Owner) -> SendContext:
    return SendContext(
        opted_out=row.opted_out_at is not None,
        device_status=device.status,
        owner_status=owner.status,
        sequence_stopped=owner.cancel_pending,
        stopped_because=row.stopped_because,
        expires_at=row.expires_at,
    )


def _hindrance(slot: Slot, device: Sender, now: datetime) -> Release | None:
    """Why this worker cannot hand it over."""
    if slot.lease_until <= now:
        return Release("too late")
    if device.credentials is None:  # the monitor takes the device off
        return Release("credentials cannot be read")
    return None

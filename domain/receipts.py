"""What follows from providers' receipts of messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from domain import message, values
from domain.event import Event, following
from domain.inbound import Receipt
from domain.message import InHand, Message, Status
from domain.message.events import (
    MessageDelivered,
    MessageFailed,
    MessageRead,
    MessageResolved,
    MessageSent,
)

# The reason of a message that failed after the gateway had taken it.
LATER = "the provider said so later"


class Reported(msgspec.Struct, frozen=True):
    """As much of a message's state as decisions about receipts need."""

    id: UUID
    version: int
    status: Status
    device_id: UUID
    provider_id: str | None
    delivered_at: datetime | None
    read_at: datetime | None


S = TypeVar("S", bound=Message | Reported)


def accept(
    state: Message | Reported, receipt: Receipt, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """What follows from a receipt, as events that name the message's device, which alone may speak
    of it. Receipts come in any order and any number of times.

    A receipt settles a message that is queued or unknown. Nothing follows from one that contradicts
    an outcome, or that is of another attempt.
    """
    if _is_of_another_attempt(state, receipt):
        return ()
    by: dict[str, Any] = {"now": now, "actor": actor}
    if receipt.kind == "failed":
        return _failed(state, receipt, by)
    return _sent(state, receipt, by)


def after(state: S, event: Event) -> S:
    """The message after an event that ``accept`` gave."""
    changes: dict[str, Any]
    match event:
        case MessageSent() | MessageResolved(resolution="sent"):
            changes = {"status": "sent", "provider_id": event.provider_id}
        case MessageDelivered():
            changes = {"delivered_at": event.timestamp}
        case MessageRead():
            changes = {"read_at": event.timestamp}
        case _:
            changes = {"status": "failed"}
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


def _sent(state: Message | Reported, receipt: Receipt, by: dict[str, Any]) -> tuple[Event, ...]:
    events: tuple[Event, ...] = ()
    if state.status in ("queued", "unknown"):
        events = _settled(state, message.confirm_sent(_in_hand(state), receipt.provider_id, **by))
        state = after(state, events[0])
    if state.status != "sent" or receipt.kind == "sent":
        return events
    by["device_id"] = state.device_id
    if state.delivered_at is None:  # what was read was delivered, if that receipt comes or not
        events = (*events, following(state, MessageDelivered, **by))
    if receipt.kind == "read" and state.read_at is None:
        if events:
            state = after(state, events[-1])
        events = (*events, following(state, MessageRead, **by))
    return events


def _failed(state: Message | Reported, receipt: Receipt, by: dict[str, Any]) -> tuple[Event, ...]:
    """A message may fail although the gateway accepted it, but not after it was delivered."""
    code = values.cleaned(receipt.code or "failed", 200)
    if state.status in ("queued", "unknown"):
        return _settled(state, message.fail(_in_hand(state), code, LATER, **by))
    if state.status == "sent" and state.delivered_at is None:
        by["device_id"] = state.device_id
        return (following(state, MessageFailed, **by, code=code, reason=LATER),)
    return ()


def _in_hand(state: Message | Reported) -> InHand:
    # How often it was dispatched is no matter here.
    return InHand(state.id, state.version, state.status, 0)


def _settled(
    state: Message | Reported, event: MessageSent | MessageFailed | MessageResolved
) -> tuple[Event, ...]:
    return (msgspec.structs.replace(event, device_id=state.device_id),)


def _is_of_another_attempt(state: Message | Reported, receipt: Receipt) -> bool:
    """Whether the receipt names another attempt: a message has another id at the provider each time
    it is sent."""
    if not (receipt.provider_id and state.provider_id):
        return False
    same = receipt.provider_id == state.provider_id
    return not same if state.status == "sent" else same

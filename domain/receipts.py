"""What follows from providers' receipts of messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from domain import message, values
from domain.event import Event, following
from domain.inbound import Receipt
from domain.message import Message
from domain.message.events import MessageDelivered, MessageFailed, MessageRead

# The reason of a message that failed after the gateway had taken it.
LATER = "the provider said so later"


def accept(state: Message, receipt: Receipt, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """What follows from a receipt, as events that name the message's device, which alone may speak
    of it. Receipts come in any order and any number of times.

    A receipt settles a message that is queued or unknown. Nothing follows from one that contradicts
    an outcome, or that is of another attempt.
    """
    if _is_of_another_attempt(state, receipt):
        return ()
    by: dict[str, Any] = {"now": now, "actor": actor}
    decided = _failed(state, receipt, by) if receipt.kind == "failed" else _sent(state, receipt, by)
    return tuple(msgspec.structs.replace(each, device_id=state.device_id) for each in decided)


def _sent(state: Message, receipt: Receipt, by: dict[str, Any]) -> tuple[Event, ...]:
    events: tuple[Event, ...] = ()
    if state.status in ("queued", "unknown"):
        events = (message.confirm_sent(state, receipt.provider_id, **by),)
        state = message.evolve(state, events[0])
    if state.status != "sent" or receipt.kind == "sent":
        return events
    if state.delivered_at is None:  # what was read was delivered, if that receipt comes or not
        events = (*events, following(state, MessageDelivered, **by))
        state = message.evolve(state, events[-1])
    if receipt.kind == "read" and state.read_at is None:
        events = (*events, following(state, MessageRead, **by))
    return events


def _failed(state: Message, receipt: Receipt, by: dict[str, Any]) -> tuple[Event, ...]:
    """A message may fail although the gateway accepted it, but not after it was delivered."""
    code = values.cleaned(receipt.code or "failed", 200)
    if state.status in ("queued", "unknown"):
        return (message.fail(state, code, LATER, **by),)
    if state.status == "sent" and state.delivered_at is None:
        return (following(state, MessageFailed, **by, code=code, reason=LATER),)
    return ()


def _is_of_another_attempt(state: Message, receipt: Receipt) -> bool:
    """Whether the receipt names another attempt: a message has another id at the provider each time
    it is sent."""
    if not (receipt.provider_id and state.provider_id):
        return False
    same = receipt.provider_id == state.provider_id
    return not same if state.status == "sent" else same

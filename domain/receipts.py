"""What comes back from outside: receipts of messages, and people's replies."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain import message, values
from domain.event import Event, following
from domain.message import Message
from domain.message.events import MessageDelivered, MessageFailed, MessageRead

Kind = Literal["sent", "delivered", "read", "failed"]
# The reason of what failed after it was handed over.
LATER = "the provider said so later"


class Receipt(msgspec.Struct, frozen=True):
    """The provider says what became of a message, which it names by our id or by its own;
    ``code`` is its reason for ``failed``."""

    kind: Kind
    message_id: UUID | None = None
    provider_id: str = ""
    code: str = ""


class Reply(msgspec.Struct, frozen=True):
    """A person wrote to us: ``phone`` is E.164, ``provider_id`` is the provider's for this text,
    and the same text comes with the same one however often it comes."""

    phone: str
    text: str
    provider_id: str


def accept(state: Message, receipt: Receipt, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """What follows from a receipt, which may come in any order and any number of times. It settles
    what was handed over and has no outcome yet; what contradicts an outcome changes nothing."""
    if _is_of_another_attempt(state, receipt):
        return ()
    if receipt.kind == "failed":
        return _failed(state, receipt.code or "failed", now, actor)
    events: tuple[Event, ...] = ()
    if state.status in ("queued", "unknown"):
        events = (message.confirm_sent(state, receipt.provider_id, now=now, actor=actor),)
        state = message.evolve(state, events[0])
    if state.status != "sent" or receipt.kind == "sent":
        return events
    if state.delivered_at is None:  # what was read was delivered, if that receipt comes or not
        events = (*events, following(state, MessageDelivered, now, actor))
        state = message.evolve(state, events[-1])
    if receipt.kind == "read" and state.read_at is None:
        events = (*events, following(state, MessageRead, now, actor))
    return events


def _failed(state: Message, code: str, now: datetime, actor: str) -> tuple[Event, ...]:
    """Also of what the gateway had accepted, unless it was delivered."""
    if state.status in ("queued", "unknown"):
        return (message.fail(state, code, LATER, now=now, actor=actor),)
    if state.status == "sent" and state.delivered_at is None:
        code = values.cleaned(code, 200)
        return (following(state, MessageFailed, now, actor, code=code, reason=LATER),)
    return ()


def _is_of_another_attempt(state: Message, receipt: Receipt) -> bool:
    """A message that is sent again has another id at the provider each time."""
    if not (receipt.provider_id and state.provider_id):
        return False
    same = receipt.provider_id == state.provider_id
    return not same if state.status == "sent" else same

"""Receipts: they come in any order, any number of times, late, and of other attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from domain import message, receipts
from domain.event import Event
from domain.inbound import Receipt, ReceiptKind
from domain.message import Message
from domain.message.events import (
    MessageDelivered,
    MessageFailed,
    MessageRead,
    MessageResolved,
    MessageRetried,
    MessageSent,
)
from domain.receipts import LATER, Reported
from tests.domain.message.samples import STREAMS, given, given_a
from tests.support.samples import ACTOR, DEVICE, NOW, event, utc

RECEIPT = utc(2026, 3, 1, 9, 30)


def said(cls: type[Event], version: int, at: datetime = RECEIPT, **fields: Any) -> Any:
    """An event that follows from a receipt: it names the message's device."""
    return event(cls, version, at=at, device_id=DEVICE, **fields)


def took(state: Message, kind: ReceiptKind, **named: Any) -> tuple[Event, ...]:
    """What follows from a receipt."""
    return receipts.accept(state, Receipt(kind, **named), now=RECEIPT, actor=ACTOR)


def test_a_delivery_receipt_is_recorded_once() -> None:
    """Webhooks come several times; the first one counts."""
    delivered = said(MessageDelivered, 5)
    assert took(given_a("sent"), "delivered") == (delivered,)
    state = given(*STREAMS["sent"], delivered)
    assert (state.status, state.delivered_at, state.read_at) == ("sent", RECEIPT, None)
    assert took(state, "delivered") == ()


def test_a_read_receipt_is_recorded_once() -> None:
    """After the delivery."""
    delivered = said(MessageDelivered, 5, at=NOW)
    read = said(MessageRead, 6)
    state = given(*STREAMS["sent"], delivered)
    assert took(state, "read") == (read,)
    state = given(*STREAMS["sent"], delivered, read)
    assert (state.status, state.delivered_at, state.read_at) == ("sent", NOW, RECEIPT)
    assert took(state, "read") == ()
    assert took(state, "delivered") == ()


def test_what_was_read_was_delivered() -> None:
    """A read receipt without a delivery receipt is both."""
    both = (said(MessageDelivered, 5), said(MessageRead, 6))
    assert took(given_a("sent"), "read") == both
    state = given(*STREAMS["sent"], *both)
    assert (state.delivered_at, state.read_at) == (RECEIPT, RECEIPT)


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        ("queued", said(MessageSent, 4, provider_id="")),
        (
            "unknown",
            said(
                MessageResolved,
                5,
                resolution="sent",
                reason="late answer",
                provider_id="",
            ),
        ),
    ],
)
def test_a_receipt_settles_a_message_without_an_answer(status: str, settled: Event) -> None:
    """Nobody receives what was not sent: it becomes sent, delivered, and read if it was."""
    version = settled.originator_version
    delivered = said(MessageDelivered, version + 1)
    read = said(MessageRead, version + 2)
    before = given_a(status)
    assert took(before, "delivered") == (settled, delivered)
    assert took(before, "read") == (settled, delivered, read)
    state = given(*STREAMS[status], settled, delivered, read)
    assert (state.status, state.sent_at) == ("sent", RECEIPT)
    assert (state.delivered_at, state.read_at) == (RECEIPT, RECEIPT)


@pytest.mark.parametrize("status", ["pending", "processing", "failed", "cancelled"])
def test_a_receipt_for_a_message_that_was_not_sent_changes_nothing(status: str) -> None:
    """Somebody else's, or of an attempt that was surely refused."""
    assert took(given_a(status), "delivered") == ()
    assert took(given_a(status), "read") == ()
    assert took(given_a(status), "failed", code="131026") == ()


def test_a_gateway_may_say_that_it_was_sent() -> None:
    """That settles what has no outcome, and says nothing new of what was sent."""
    settled = said(MessageSent, 4, provider_id="3EB0")
    assert took(given_a("queued"), "sent", provider_id="3EB0") == (settled,)
    assert took(given_a("sent"), "sent") == ()


def test_what_was_accepted_may_fail_later() -> None:
    """The provider took it and then found that it cannot be delivered."""
    failed = said(MessageFailed, 5, code="131026", reason=LATER)
    assert took(given_a("sent"), "failed", code="131026") == (failed,)
    state = given(*STREAMS["sent"], failed)
    assert (state.status, state.reason) == ("failed", "131026")
    assert took(state, "failed", code="131026") == ()
    assert took(state, "delivered") == ()


def test_what_was_delivered_did_not_fail() -> None:
    """A receipt that contradicts another changes nothing."""
    state = given(*STREAMS["sent"], said(MessageDelivered, 5))
    assert took(state, "failed", code="131026") == ()


def test_a_failure_settles_an_unknown_outcome() -> None:
    """Then an operator may send it again."""
    resolved = said(MessageResolved, 5, resolution="failed", reason="131026")
    assert took(given_a("unknown"), "failed", code="131026") == (resolved,)


def test_a_receipt_of_an_earlier_attempt_changes_nothing() -> None:
    """A message that failed later and is sent again has a new id at the provider, and the old
    one's receipts may still come."""
    first = given_a("sent").provider_id
    assert first is not None
    failed = said(MessageFailed, 5, code="131026", reason=LATER)
    _, claimed, handed_over, _ = STREAMS["sent"]
    again = (
        *STREAMS["sent"],
        failed,
        event(MessageRetried, 6),
        msgspec.structs.replace(claimed, originator_version=7),
        msgspec.structs.replace(handed_over, originator_version=8),
    )
    queued = given(*again)
    assert queued.status == "queued"
    assert took(queued, "failed", provider_id=first) == ()
    assert took(queued, "delivered", provider_id=first) == ()
    sent = given(*again, event(MessageSent, 9, provider_id="second"))
    assert took(sent, "failed", provider_id=first) == ()
    (delivered,) = took(sent, "delivered", provider_id="second")
    assert isinstance(delivered, MessageDelivered)


def reported(state: Message) -> Reported:
    """As much of it as is read for receipts."""
    return Reported(*(getattr(state, field) for field in Reported.__struct_fields__))


@pytest.mark.parametrize("kind", ["sent", "delivered", "read", "failed"])
@pytest.mark.parametrize("status", sorted(STREAMS))
def test_a_part_of_the_state_is_enough(status: str, kind: ReceiptKind) -> None:
    """The same follows as from the whole state, and the message is the same after it."""
    whole = given_a(status)
    part = reported(whole)
    receipt = Receipt(kind, provider_id="wamid.9", code="131026")

    events = receipts.accept(part, receipt, now=RECEIPT, actor=ACTOR)

    assert events == receipts.accept(whole, receipt, now=RECEIPT, actor=ACTOR)
    for event_ in events:
        whole, part = message.evolve(whole, event_), receipts.after(part, event_)
        assert part == reported(whole)

"""What becomes of a message later: late answers, operators' decisions, retries."""

from __future__ import annotations

from domain import message
from domain.message.events import (
    MessageClaimed,
    MessageQueued,
    MessageResolved,
    MessageRetried,
    MessageSent,
)
from tests.domain.message.samples import CONTENT, LEASE, SHA256, SLOT, STREAMS, given, given_a
from tests.support.samples import BY, NOW, event


def test_an_acceptance_that_comes_late_settles_an_unknown_message() -> None:
    """It was sent after all, under the provider's id."""
    resolved = message.confirm_sent(given_a("unknown"), "wamid.1", **BY)
    assert resolved == event(
        MessageResolved, 5, resolution="sent", reason="late answer", provider_id="wamid.1"
    )
    state = given(*STREAMS["unknown"], resolved)
    assert (state.status, state.sent_at, state.provider_id) == ("sent", NOW, "wamid.1")


def test_a_rejection_that_comes_late_settles_an_unknown_message() -> None:
    """It was not sent, and the provider's code says why."""
    resolved = message.fail(given_a("unknown"), "131026", "not on WhatsApp", **BY)
    assert resolved == event(
        MessageResolved, 5, resolution="failed", reason="131026", provider_id=None
    )
    state = given(*STREAMS["unknown"], resolved)
    assert (state.status, state.failed_at, state.reason) == ("failed", NOW, "131026")
    assert state.sent_at is None


def test_an_operator_knows_that_it_was_sent() -> None:
    """Looking at the phone is evidence; the reason keeps it."""
    resolved = message.resolve(given_a("unknown"), "sent", "seen on the phone", **BY)
    assert resolved == event(
        MessageResolved, 5, resolution="sent", reason="seen on the phone", provider_id=None
    )
    state = given(*STREAMS["unknown"], resolved)
    assert (state.status, state.sent_at, state.reason) == ("sent", NOW, "seen on the phone")


def test_an_operator_gives_an_unknown_message_up() -> None:
    """It counts as failed."""
    resolved = message.resolve(given_a("unknown"), "failed", "not on the phone", **BY)
    assert resolved == event(
        MessageResolved, 5, resolution="failed", reason="not on the phone", provider_id=None
    )
    state = given(*STREAMS["unknown"], resolved)
    assert (state.status, state.failed_at, state.reason) == ("failed", NOW, "not on the phone")


def test_an_operator_has_an_unknown_message_sent_again() -> None:
    """It is pending and due at once, no worker holds it, and its attempts count anew."""
    resolved = message.resolve(given_a("unknown"), "retried", "not on the phone", **BY)
    assert resolved == event(
        MessageResolved, 5, resolution="retried", reason="not on the phone", provider_id=None
    )
    state = given(*STREAMS["unknown"], resolved)
    assert (state.status, state.retry_at, state.attempt, state.reason) == ("pending", NOW, 0, None)
    assert (state.worker, state.lease_until, state.send_at) == (None, None, None)


def test_retrying_a_failed_message_really_sends_it() -> None:
    """Given a failed message, when it is retried, then it can be claimed and sent again."""
    retried = event(MessageRetried, 5)
    assert message.retry(given_a("failed"), **BY) == retried
    state = given(*STREAMS["failed"], retried)
    assert (state.status, state.retry_at, state.attempt, state.reason) == ("pending", NOW, 0, None)
    assert (state.worker, state.lease_until, state.send_at) == (None, None, None)
    again = (
        event(
            MessageClaimed,
            6,
            worker="broadcaster:2",
            send_at=SLOT,
            slot_day=SLOT.date(),
            lease_until=LEASE,
        ),
        event(MessageQueued, 7, content_id=CONTENT, lead_version=9, body_sha256=SHA256),
        event(MessageSent, 8, provider_id="wamid.2"),
    )
    assert message.claim(state, "broadcaster:2", SLOT, SLOT.date(), LEASE, **BY) == again[0]
    state = given(*STREAMS["failed"], retried, *again)
    assert (state.status, state.attempt, state.provider_id) == ("sent", 1, "wamid.2")

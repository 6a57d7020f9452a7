"""A message: scheduled, claimed, handed over, and what became of it."""

from __future__ import annotations

from typing import get_args
from uuid import UUID

import msgspec
import pytest

from domain import message
from domain.device import DeviceConnected
from domain.errors import WrongStateError
from domain.event import Event, ForeignEventError
from domain.message import Message
from domain.message.events import (
    CancelReason,
    MessageCancelled,
    MessageClaimed,
    MessageDeferred,
    MessageFailed,
    MessageOutcomeUnknown,
    MessageQueued,
    MessageReleased,
    MessageScheduled,
    MessageSent,
)
from tests.domain.message.samples import (
    CLAIMED,
    CONTENT,
    DUE,
    LEASE,
    SCHEDULED,
    SHA256,
    SLOT,
    STREAMS,
    given,
    given_a,
)
from tests.support.samples import BY, CAMPAIGN, DEVICE, ENROLLMENT, LEAD, NOW, SEQUENCE, event, utc

CAMPAIGN_MESSAGE = UUID("019ca869-5000-8000-803b-82eba527abe5")
STEP_MESSAGE = UUID("019ca869-5000-8000-8014-642cb3adeb5e")
LATER = utc(2026, 3, 1, 9, 5)
# When the campaign is scheduled, or the lead was enrolled.
PLANNED = utc(2026, 3, 1, 8)


def test_a_campaign_schedules_one_message_per_lead() -> None:
    """It is due at once or later, and may expire; its id follows from campaign, its instant and
    lead."""
    expected = event(
        MessageScheduled,
        1,
        of=CAMPAIGN_MESSAGE,
        lead_id=LEAD,
        lead_version=7,
        device_id=DEVICE,
        campaign_id=CAMPAIGN,
        step=0,
        scheduled_at=DUE,
        expires_at=LATER,
    )
    scheduled = message.schedule_for_campaign(CAMPAIGN, PLANNED, LEAD, 7, DEVICE, DUE, LATER, **BY)
    assert scheduled == expected
    assert given(scheduled) == Message(
        id=CAMPAIGN_MESSAGE,
        version=1,
        status="pending",
        lead_id=LEAD,
        device_id=DEVICE,
        campaign_id=CAMPAIGN,
        scheduled_at=DUE,
        planned_at=DUE,
        expires_at=LATER,
    )


def test_a_step_schedules_one_message_per_enrollment() -> None:
    """It never expires; its id follows from enrollment, its instant, lead and step."""
    expected = event(
        MessageScheduled,
        1,
        of=STEP_MESSAGE,
        lead_id=LEAD,
        lead_version=7,
        device_id=DEVICE,
        sequence_id=SEQUENCE,
        enrollment_id=ENROLLMENT,
        step=2,
        scheduled_at=DUE,
    )
    scheduled = message.schedule_for_step(
        ENROLLMENT, PLANNED, SEQUENCE, 2, LEAD, 7, DEVICE, DUE, **BY
    )
    assert scheduled == expected
    state = given(scheduled)
    assert (state.campaign_id, state.sequence_id, state.enrollment_id, state.step) == (
        None,
        SEQUENCE,
        ENROLLMENT,
        2,
    )


def test_no_lead_gets_a_message_twice() -> None:
    """Two schedulers arrive at the same id; another lead, campaign or step is another message."""
    assert message.campaign_message_id(CAMPAIGN, PLANNED, LEAD) == CAMPAIGN_MESSAGE
    assert message.step_message_id(ENROLLMENT, PLANNED, LEAD, 2) == STEP_MESSAGE
    others = {
        message.campaign_message_id(CAMPAIGN, PLANNED, DEVICE),
        message.campaign_message_id(SEQUENCE, PLANNED, LEAD),
        message.step_message_id(ENROLLMENT, PLANNED, LEAD, 1),
        message.step_message_id(SEQUENCE, PLANNED, LEAD, 2),
        CAMPAIGN_MESSAGE,
        STEP_MESSAGE,
    }
    assert len(others) == 6


def test_a_worker_claims_a_pending_message() -> None:
    """With a slot and a lease; nothing has been handed over yet."""
    claimed = message.claim(given_a("pending"), "broadcaster:1", SLOT, SLOT.date(), LEASE, **BY)
    assert claimed == event(
        MessageClaimed,
        2,
        worker="broadcaster:1",
        send_at=SLOT,
        slot_day=SLOT.date(),
        lease_until=LEASE,
    )
    state = given_a("processing")
    assert (state.status, state.worker, state.send_at, state.lease_until) == (
        "processing",
        "broadcaster:1",
        SLOT,
        LEASE,
    )
    assert (state.attempt, state.queued_at) == (0, None)


def test_a_released_message_is_as_if_never_claimed() -> None:
    """Only the reason tells."""
    released = message.release(given_a("processing"), "lease expired", **BY)
    assert released == event(MessageReleased, 3, reason="lease expired")
    assert given(SCHEDULED, CLAIMED, released) == msgspec.structs.replace(
        given_a("pending"), version=3, reason="lease expired"
    )


def test_a_message_is_handed_over_with_what_it_says() -> None:
    """Which text, which version of the lead, and the hash of both together."""
    queued = message.dispatch(
        given_a("processing"), CONTENT, 8, SHA256, now=SLOT, actor="api:sales"
    )
    assert queued == event(
        MessageQueued, 3, at=SLOT, content_id=CONTENT, lead_version=8, body_sha256=SHA256
    )
    state = given_a("queued")
    assert (state.status, state.attempt, state.queued_at) == ("queued", 1, SLOT)
    assert (state.content_id, state.body_sha256) == (CONTENT, SHA256)


def test_an_accepted_message_is_sent() -> None:
    """Under the provider's own id."""
    assert message.confirm_sent(given_a("queued"), "wamid.1", now=SLOT, actor="api:sales") == (
        event(MessageSent, 4, at=SLOT, provider_id="wamid.1")
    )
    state = given_a("sent")
    assert (state.status, state.sent_at, state.provider_id) == ("sent", SLOT, "wamid.1")
    assert (state.reason, state.failed_at) == (None, None)


@pytest.mark.parametrize(("status", "version"), [("processing", 3), ("queued", 4)])
def test_a_rejected_message_has_failed(status: str, version: int) -> None:
    """By the provider, or before the hand-over where it could never be sent."""
    before = given_a(status)
    failed = message.fail(before, "131026", "not on WhatsApp", **BY)
    assert failed == event(MessageFailed, version, code="131026", reason="not on WhatsApp")
    state = message.evolve(before, failed)
    assert (state.status, state.failed_at, state.reason) == ("failed", NOW, "131026")
    assert state.queued_at == before.queued_at


def test_a_message_that_was_surely_not_accepted_is_tried_again_later() -> None:
    """It is pending again, and no worker holds it; the hand-over still counts."""
    deferred = message.defer(given_a("queued"), LATER, "throttled", 5, **BY)
    assert deferred == event(MessageDeferred, 4, retry_at=LATER, reason="throttled", attempt=1)
    state = given(*STREAMS["queued"], deferred)
    assert (state.status, state.retry_at, state.reason) == ("pending", LATER, "throttled")
    assert (state.worker, state.lease_until, state.send_at) == (None, None, None)
    assert (state.attempt, state.queued_at) == (1, SLOT)


def test_a_message_is_not_tried_for_ever() -> None:
    """Given two hand-overs, when the second is refused too and two are allowed, it has failed."""
    again = (
        event(MessageDeferred, 4, retry_at=LATER, reason="throttled", attempt=1),
        event(
            MessageClaimed,
            5,
            worker="broadcaster:2",
            send_at=LATER,
            slot_day=LATER.date(),
            lease_until=LATER,
        ),
        event(MessageQueued, 6, content_id=CONTENT, lead_version=8, body_sha256=SHA256),
    )
    state = given(*STREAMS["queued"], *again)
    assert state.attempt == 2
    assert message.defer(state, LATER, "throttled", 3, **BY) == event(
        MessageDeferred, 7, retry_at=LATER, reason="throttled", attempt=2
    )
    failed = message.defer(state, LATER, "throttled", 2, **BY)
    assert failed == event(MessageFailed, 7, code="max_attempts", reason="throttled, 2 times")
    assert message.evolve(state, failed).reason == "max_attempts"


def test_a_message_without_an_answer_is_unknown() -> None:
    """It may have been sent, so nobody may send it again unasked."""
    unknown = message.lose_track(given_a("queued"), "timeout", now=SLOT, actor="api:sales")
    assert unknown == event(MessageOutcomeUnknown, 4, at=SLOT, reason="timeout")
    state = given_a("unknown")
    assert (state.status, state.reason, state.sent_at) == ("unknown", "timeout", None)


@pytest.mark.parametrize(("status", "version"), [("pending", 2), ("processing", 3)])
@pytest.mark.parametrize("reason", get_args(CancelReason))
def test_a_message_is_cancelled_for_a_reason(
    reason: CancelReason, status: str, version: int
) -> None:
    """Until it is handed over; no worker holds it any more."""
    before = given_a(status)
    cancelled = message.cancel(before, reason, **BY)
    assert cancelled == event(MessageCancelled, version, reason=reason)
    state = message.evolve(before, cancelled)
    assert (state.status, state.reason) == ("cancelled", reason)
    assert (state.worker, state.lease_until, state.send_at) == (None, None, None)


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ((), CLAIMED),
        ((SCHEDULED,), SCHEDULED),
        ((SCHEDULED,), event(DeviceConnected, 2)),
    ],
)
def test_a_stream_that_is_no_messages_is_an_error(before: tuple[Event, ...], wrong: Event) -> None:
    """It begins with the scheduling, which comes once."""
    with pytest.raises(ForeignEventError, match="a message cannot begin or go on with"):
        message.fold(None, [*before, wrong])


@pytest.mark.parametrize("held", [False, True])
def test_a_message_that_is_sent_later_says_why(held: bool) -> None:
    """Whoever held it holds it no more; what it waited for before is forgotten."""
    events = [SCHEDULED, *([CLAIMED] if held else [])]
    later = message.reschedule(given(*events), LATER, "window", **BY)

    state = given(*events, later)

    assert (state.status, state.reason, state.worker) == ("pending", "window", None)
    assert (state.scheduled_at, state.planned_at, state.retry_at) == (LATER, DUE, None)


def test_another_device_may_write_what_is_pending() -> None:
    other = UUID(int=77)
    moved = message.move(given(SCHEDULED), other, **BY)
    assert given(SCHEDULED, moved).device_id == other
    with pytest.raises(WrongStateError):
        message.move(given(SCHEDULED, CLAIMED), other, **BY)

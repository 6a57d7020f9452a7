"""An enrollment: one lead's one journey through one sequence."""

from __future__ import annotations

from typing import cast, get_args
from uuid import UUID

import pytest

from domain import enrollment
from domain.device import DeviceConnected
from domain.enrollment import (
    Enrollment,
    EnrollmentCompleted,
    EnrollmentReplanned,
    EnrollmentStopped,
    LeadEnrolled,
    StopReason,
    Unsent,
    UnsentStatus,
    Wish,
)
from domain.errors import WrongStateError
from domain.event import Event, ForeignEventError
from domain.message import STATUSES
from domain.message.events import CancelReason
from tests.support.samples import BY, LEAD, SEQUENCE, event

FIRST_JOURNEY = UUID("00000000-0000-8000-a0b9-7c9c315d6879")
SECOND_JOURNEY = UUID("00000000-0000-8000-9c34-fc262e449be0")

ENROLLED = event(
    LeadEnrolled,
    1,
    of=FIRST_JOURNEY,
    lead_id=LEAD,
    lead_version=7,
    sequence_id=SEQUENCE,
    sequence_version=3,
    entry=1,
    trigger="COLD",
    steps=5,
)
COMPLETED = event(EnrollmentCompleted, 2, of=FIRST_JOURNEY)
STOPPED = event(EnrollmentStopped, 2, of=FIRST_JOURNEY, reason="replied")


# Why the enrollment is stopped whose only unsent step was cancelled for that.
WHY_CANCELLED: dict[CancelReason, StopReason] = {
    "opted_out": "opted_out",
    "replied": "replied",
    "by_hand": "by_hand",
    "erased": "erased",
    "operator": "operator",
    "sequence_cancelled": "sequence_cancelled",
    "campaign_cancelled": "operator",
    "undeliverable": "undeliverable",
    "device_retired": "device_retired",
    "no_device": "no_device",
    "expired": "expired",
    "no_consent": "no_consent",
    "merged": "merged",
    "empty_text": "undeliverable",
    "template_variable_missing": "undeliverable",
}
# Why it is stopped whose only unsent step has that status; None where it is not over yet.
WHY_UNSENT: dict[UnsentStatus, StopReason | None] = {
    "pending": None,
    "processing": None,
    "queued": None,
    "unknown": None,
    "failed": "undeliverable",
    "cancelled": "expired",
}


def stopped(reason: str) -> EnrollmentStopped:
    return event(EnrollmentStopped, 2, of=FIRST_JOURNEY, reason=reason)


def given(*events: Event) -> Enrollment:
    state = enrollment.fold(None, events)
    assert state is not None
    return state


def test_a_lead_begins_its_journey() -> None:
    """The event says who, what, by which trigger, and which versions of both matched."""
    assert (
        enrollment.enroll(
            lead_id=LEAD,
            lead_version=7,
            sequence_id=SEQUENCE,
            sequence_version=3,
            entry=1,
            trigger="COLD",
            steps=5,
            **BY,
        )
        == ENROLLED
    )
    assert given(ENROLLED) == Enrollment(
        id=FIRST_JOURNEY,
        version=1,
        status="active",
        lead_id=LEAD,
        sequence_id=SEQUENCE,
        entry=1,
        steps=5,
        sequence_version=3,
        reason=None,
    )


def test_a_journey_is_planned_anew_by_a_later_version_once() -> None:
    """The event says how many steps it has more and fewer. One that has ended stays as it is."""
    replanned = event(
        EnrollmentReplanned, 2, of=FIRST_JOURNEY, sequence_version=4, added=1, removed=2
    )
    state = given(ENROLLED)
    assert enrollment.replan(state, 4, added=1, removed=2, **BY) == (replanned,)
    after = given(ENROLLED, replanned)
    assert (after.steps, after.sequence_version, after.status) == (4, 4, "active")
    assert enrollment.replan(after, 4, added=1, **BY) == ()
    assert enrollment.replan(given(ENROLLED, COMPLETED), 4, **BY) == ()


def test_the_same_journey_cannot_begin_twice() -> None:
    """Two enrollers arrive at the same id; another entry, lead or sequence is another one."""
    assert enrollment.enrollment_id(SEQUENCE, LEAD, 1) == FIRST_JOURNEY
    assert enrollment.enrollment_id(SEQUENCE, LEAD, 2) == SECOND_JOURNEY
    assert enrollment.enrollment_id(LEAD, SEQUENCE, 1) not in (FIRST_JOURNEY, SECOND_JOURNEY)
    assert enrollment.enrollment_id(SEQUENCE, LEAD, 11) not in (FIRST_JOURNEY, SECOND_JOURNEY)


def test_a_journey_is_completed_when_every_step_was_sent() -> None:
    """And only then."""
    assert enrollment.end(given(ENROLLED), (), **BY) == (COMPLETED,)
    state = given(ENROLLED, COMPLETED)
    assert (state.status, state.reason, state.version) == ("completed", None, 2)


@pytest.mark.parametrize("reason", get_args(CancelReason))
def test_a_step_that_was_cancelled_says_why_the_journey_is_stopped(reason: CancelReason) -> None:
    """Every reason for which a message is cancelled has its answer."""
    unsent = [Unsent(4, "cancelled", reason)]
    if reason in ("step_removed", "branch_not_taken"):
        assert enrollment.end(given(ENROLLED), unsent, **BY) == (COMPLETED,)
        return

    assert enrollment.end(given(ENROLLED), unsent, **BY) == (stopped(WHY_CANCELLED[reason]),)


@pytest.mark.parametrize("status", get_args(UnsentStatus))
def test_every_status_of_an_unsent_step_has_its_answer(status: UnsentStatus) -> None:
    """What failed is undeliverable, whatever the provider's code. While anything may still be
    sent, and while nobody knows whether it was, the journey is not over."""
    expected = WHY_UNSENT[status]
    reason = "expired" if status == "cancelled" else "131026"

    ended = enrollment.end(given(ENROLLED), [Unsent(1, status, reason)], **BY)

    assert ended == (() if expected is None else (stopped(expected),))
    assert {*get_args(UnsentStatus), "sent"} == set(STATUSES)


@pytest.mark.parametrize(
    ("unsent", "reason"),
    [
        ([(1, "cancelled", "operator"), (2, "cancelled", "device_retired")], "operator"),
        ([(3, "cancelled", "operator"), (2, "cancelled", "device_retired")], "device_retired"),
        ([(1, "cancelled", "operator"), (5, "failed", "131026")], "undeliverable"),
        ([(number, "failed", "INVALID_JID") for number in (1, 2, 3, 4, 5)], "undeliverable"),
        ([(1, "failed", "131026"), (2, "unknown", "silence")], None),
        ([(1, "failed", "131026"), (2, "pending", None)], None),
    ],
)
def test_of_several_unsent_steps_a_failed_one_counts_and_then_the_first(
    unsent: list[tuple[int, UnsentStatus, str | None]], reason: str | None
) -> None:
    """A failed step may be retried, so its journey must be one that ended by itself."""
    ended = enrollment.end(given(ENROLLED), [Unsent(*step) for step in unsent], **BY)

    assert ended == (() if reason is None else (stopped(reason),))


def test_every_reason_is_a_wish_or_an_end_by_itself() -> None:
    """After a wish nothing is sent; after an end by itself what failed may be retried."""
    wishes = {
        *("opted_out", "replied", "by_hand", "merged"),
        *("sequence_cancelled", "operator", "erased"),
    }

    answers = {reason: enrollment.wish(reason) for reason in get_args(StopReason)}

    assert {reason for reason, answer in answers.items() if answer} == wishes
    assert all(answer in (None, reason) for reason, answer in answers.items())
    assert set(get_args(Wish)) == wishes
    assert {cast(str, reason) for reason in WHY_CANCELLED.values()} == set(answers)


def test_an_operator_calls_off_a_journey() -> None:
    """While it is on its way."""
    assert enrollment.call_off(given(ENROLLED), **BY) == (stopped("operator"),)


@pytest.mark.parametrize("reason", get_args(StopReason))
def test_a_journey_is_stopped_for_a_reason(reason: StopReason) -> None:
    """The lead opted out or replied, the sequence was stopped, or somebody wanted it."""
    assert enrollment.stop(given(ENROLLED), reason, **BY) == (stopped(reason),)
    state = given(ENROLLED, stopped(reason))
    assert (state.status, state.reason, state.version) == ("stopped", reason, 2)


@pytest.mark.parametrize(("ending", "status"), [(COMPLETED, "completed"), (STOPPED, "stopped")])
def test_a_journey_that_has_ended_cannot_end_again(ending: Event, status: str) -> None:
    """Neither by itself nor by an operator, who is told how it ended."""
    with pytest.raises(WrongStateError) as error:
        enrollment.end(given(ENROLLED, ending), (), **BY)
    assert str(error.value) == f"cannot end this enrollment: it is {status}"
    with pytest.raises(WrongStateError) as error:
        enrollment.call_off(given(ENROLLED, ending), **BY)
    assert str(error.value) == f"cannot stop this enrollment: it is {status}"


@pytest.mark.parametrize("ending", [COMPLETED, STOPPED])
def test_stopping_a_journey_that_has_ended_is_no_event(ending: Event) -> None:
    """A reply after the end stops nothing, and the first reason stays."""
    assert enrollment.stop(given(ENROLLED, ending), "opted_out", **BY) == ()


@pytest.mark.parametrize(
    ("before", "wrong"),
    [((), COMPLETED), ((ENROLLED,), ENROLLED), ((ENROLLED,), event(DeviceConnected, 2))],
)
def test_a_stream_that_is_no_enrollments_is_an_error(
    before: tuple[Event, ...], wrong: Event
) -> None:
    """It begins with the enrolling, which comes once."""
    with pytest.raises(ForeignEventError, match="an enrollment cannot begin or go on with"):
        enrollment.fold(None, [*before, wrong])

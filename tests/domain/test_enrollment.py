"""An enrollment: one lead's one journey through one sequence."""

from __future__ import annotations

from typing import get_args
from uuid import UUID

import pytest

from domain import enrollment
from domain.device import DeviceConnected
from domain.enrollment import (
    Enrollment,
    EnrollmentCompleted,
    EnrollmentStopped,
    LeadEnrolled,
    StopReason,
)
from domain.errors import WrongStateError
from domain.event import Event, ForeignEventError
from tests.support.samples import BY, LEAD, SEQUENCE, event

FIRST_JOURNEY = UUID("a0b97c9c-315d-5879-b760-f92d15e509bf")
SECOND_JOURNEY = UUID("1c34fc26-2e44-5be0-9aff-a7ed9c3e1791")

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
        reason=None,
    )


def test_the_same_journey_cannot_begin_twice() -> None:
    """Two enrollers arrive at the same id; another entry, lead or sequence is another one."""
    assert enrollment.enrollment_id(SEQUENCE, LEAD, 1) == FIRST_JOURNEY
    assert enrollment.enrollment_id(SEQUENCE, LEAD, 2) == SECOND_JOURNEY
    assert enrollment.enrollment_id(LEAD, SEQUENCE, 1) not in (FIRST_JOURNEY, SECOND_JOURNEY)
    assert enrollment.enrollment_id(SEQUENCE, LEAD, 11) not in (FIRST_JOURNEY, SECOND_JOURNEY)


def test_a_journey_is_completed() -> None:
    """Its last message has ended."""
    assert enrollment.complete(given(ENROLLED), **BY) == (COMPLETED,)
    state = given(ENROLLED, COMPLETED)
    assert (state.status, state.reason, state.version) == ("completed", None, 2)


@pytest.mark.parametrize("reason", get_args(StopReason))
def test_a_journey_is_stopped_for_a_reason(reason: StopReason) -> None:
    """The lead opted out or replied, the sequence was stopped, or somebody wanted it."""
    stopped = event(EnrollmentStopped, 2, of=FIRST_JOURNEY, reason=reason)
    assert enrollment.stop(given(ENROLLED), reason, **BY) == (stopped,)
    state = given(ENROLLED, stopped)
    assert (state.status, state.reason, state.version) == ("stopped", reason, 2)


@pytest.mark.parametrize(("ending", "status"), [(COMPLETED, "completed"), (STOPPED, "stopped")])
def test_a_journey_that_has_ended_cannot_be_completed(ending: Event, status: str) -> None:
    """Neither again nor after it was stopped."""
    with pytest.raises(WrongStateError) as error:
        enrollment.complete(given(ENROLLED, ending), **BY)
    assert str(error.value) == f"cannot complete this enrollment: it is {status}"


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

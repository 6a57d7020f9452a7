"""A changed sequence, for one who is on her way through it: what is planned anew, and from when."""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain import enrollment, sequence, sequence_edits
from domain.enrollment import Enrollment, EnrollmentReplanned
from domain.event import Event
from domain.message import Message, step_message_id
from domain.message.events import MessageCancelled, MessageRescheduled, MessageScheduled
from domain.planning import Step
from domain.replanning import Journey, Replanner
from domain.sequence import Definition, SequenceActivated, SequenceDefined
from domain.zones import House
from tests.support.samples import BY, DEVICE, ID, LEAD, NOW, event

HOUR = timedelta(hours=1)
STEPS = tuple(Step(content_id=f"{ID}:1:{n}", body=f"Text {n}", rules=1) for n in (1, 2, 3))
DRIP = Definition(name="Drip", trigger="COLD", steps=STEPS, timezone="UTC")
JOURNEY = enrollment.enrollment_id(ID, LEAD, 1)
BEGAN = NOW - 3 * HOUR
# A day apart, the first was sent two hours ago.
FIRST_SENT = NOW - 2 * HOUR
DUE = {1: FIRST_SENT, 2: FIRST_SENT + 24 * HOUR, 3: FIRST_SENT + 48 * HOUR}

Edit = tuple[str, dict[str, Any]]


def message_id(step: int) -> UUID:
    return step_message_id(JOURNEY, BEGAN, LEAD, step)


def message(step: int, status: str = "pending", **fields: Any) -> Message:
    given: dict[str, Any] = {
        "id": message_id(step),
        "version": 1,
        "status": status,
        "lead_id": LEAD,
        "device_id": DEVICE,
        "sequence_id": ID,
        "enrollment_id": JOURNEY,
        "step": step,
        "scheduled_at": DUE[step],
        "planned_at": DUE[step],
    }
    return Message(**{**given, **fields})


def sent(step: int, at: datetime) -> Message:
    return message(step, "sent", send_at=at, queued_at=at, answered_at=at, sent_at=at)


UNDER_WAY = (sent(1, FIRST_SENT), message(2), message(3))


def replanned(
    messages: Ordered[Message], *edits: Edit, planned_by: int = 2, **definition: Any
) -> tuple[Event, ...]:
    """What follows for her after these edits of the sequence."""
    events: list[Event] = [
        event(SequenceDefined, 1, definition=msgspec.structs.replace(DRIP, **definition)),
        event(SequenceActivated, 2),
    ]
    for name, arguments in edits:
        state = sequence.fold(None, events)
        events.extend(getattr(sequence_edits, name)(state, **arguments, **BY))
    state = sequence.fold(None, events)
    assert state is not None
    journey = Journey(
        Enrollment(
            id=JOURNEY,
            version=1,
            status="active",
            lead_id=LEAD,
            sequence_id=ID,
            entry=1,
            steps=3,
            sequence_version=planned_by,
        ),
        BEGAN,
        4,
        "+60121234567",
        None,
        messages,
    )
    return tuple(Replanner(state, events[1:], House()).replan(journey, **BY))


def moves(events: Ordered[Event]) -> dict[int, timedelta]:
    """Which steps are due anew, and how long after the first was sent."""
    steps: dict[UUID, int] = {message_id(step): step for step in range(1, 9)}
    return {
        steps[each.originator_id]: each.scheduled_at - FIRST_SENT
        for each in events
        if isinstance(each, MessageRescheduled | MessageScheduled)
    }


def delay(step: int, hours: float, **fields: Any) -> Edit:
    return "revise_step", {"number": step, "body": "Text", "delay_hours": hours, **fields}


def test_another_delay_moves_the_step_and_those_after_it() -> None:
    """By what was sent, and not by what was planned."""
    events = replanned(UNDER_WAY, delay(2, 6))

    assert events[0] == event(EnrollmentReplanned, 2, of=JOURNEY, sequence_version=3)
    assert moves(events) == {2: 6 * HOUR, 3: 30 * HOUR}
    assert {e.reason for e in events if isinstance(e, MessageRescheduled)} == {"revised"}


def test_what_comes_before_the_changed_step_stays_where_it_is() -> None:
    """The second was put off by hand or by a window: nobody asked for that to change."""
    second = message(2, scheduled_at=FIRST_SENT + 30 * HOUR)

    assert moves(replanned((UNDER_WAY[0], second, UNDER_WAY[2]), delay(3, 10))) == {3: 40 * HOUR}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (delay(2, 0.5), {2: 2 * HOUR, 3: 26 * HOUR}),  # half an hour after the first is over: now
        (delay(2, 1, send_at="08:00"), {2: 25 * HOUR, 3: 49 * HOUR}),  # tomorrow's eight o'clock
        (delay(2, 24.01), {}),  # less than a minute is nothing
    ],
)
def test_what_would_be_over_is_due_at_the_next_moment(
    edit: Edit, expected: dict[int, timedelta]
) -> None:
    """She got the first at seven; it is nine now."""
    assert moves(replanned(UNDER_WAY, edit)) == expected


def test_whoever_waits_for_the_first_step_is_planned_from_the_entry() -> None:
    waiting = tuple(message(step) for step in (1, 2, 3))
    first_delay = "revise", {"definition": msgspec.structs.replace(DRIP, first_delay_minutes=300)}

    assert moves(replanned(waiting, first_delay)) == {1: 4 * HOUR, 2: 28 * HOUR, 3: 52 * HOUR}


def test_a_step_that_is_removed_is_cancelled_and_the_next_follows_what_was_sent() -> None:
    """With its own delay. There is one step less."""
    events = replanned(UNDER_WAY, ("remove_step", {"number": 2}))

    assert events[0] == event(EnrollmentReplanned, 2, of=JOURNEY, sequence_version=3, removed=1)
    (cancelled,) = [each for each in events if isinstance(each, MessageCancelled)]
    assert (cancelled.originator_id, cancelled.reason) == (
        message_id(2),
        "step_removed",
    )
    assert moves(events) == {3: 24 * HOUR}


def test_a_step_that_was_removed_after_it_was_sent_is_still_what_the_next_follows() -> None:
    second = sent(2, FIRST_SENT + HOUR)

    events = replanned((UNDER_WAY[0], second, UNDER_WAY[2]), ("remove_step", {"number": 2}))

    assert moves(events) == {3: 25 * HOUR}


def test_a_new_step_is_planned_where_it_stands() -> None:
    """By the device that writes to her, for the lead as it is now."""
    between = "add_step", {"before": 2, "body": "Between", "delay_hours": 4}
    last = "add_step", {"body": "Last", "delay_hours": 1}

    events = replanned(UNDER_WAY, between, last)

    assert events[0] == event(EnrollmentReplanned, 2, of=JOURNEY, sequence_version=4, added=2)
    assert moves(events) == {4: 4 * HOUR, 2: 28 * HOUR, 3: 52 * HOUR, 5: 53 * HOUR}
    (scheduled, _) = [each for each in events if isinstance(each, MessageScheduled)]
    assert (scheduled.originator_id, scheduled.step) == (
        message_id(4),
        4,
    )
    assert (scheduled.device_id, scheduled.lead_version) == (DEVICE, 4)


def test_a_new_step_before_what_she_had_is_not_for_her() -> None:
    """She is planned by the new version all the same."""
    first = "add_step", {"before": 1, "body": "Before all"}

    events = replanned(UNDER_WAY, first)

    assert events == (event(EnrollmentReplanned, 2, of=JOURNEY, sequence_version=3),)


@pytest.mark.parametrize("status", ["processing", "queued", "unknown"])
def test_what_a_worker_holds_is_not_moved(status: str) -> None:
    """What comes after it is, from the moment for which it is held."""
    held = message(2, status, send_at=FIRST_SENT + 3 * HOUR, queued_at=FIRST_SENT + 3 * HOUR)

    events = replanned((UNDER_WAY[0], held, UNDER_WAY[2]), delay(2, 1))

    assert moves(events) == {3: 27 * HOUR}


def test_what_a_worker_holds_of_a_step_that_is_gone_is_left_to_the_send_check() -> None:
    held = message(2, "processing", send_at=FIRST_SENT + 3 * HOUR)

    events = replanned((UNDER_WAY[0], held, UNDER_WAY[2]), ("remove_step", {"number": 2}))

    assert not [each for each in events if isinstance(each, MessageCancelled)]
    assert moves(events) == {3: 24 * HOUR}


def test_what_failed_is_no_step() -> None:
    """The next keeps its delay after the one that was sent last."""
    failed = message(2, "failed", queued_at=FIRST_SENT + HOUR, failed_at=FIRST_SENT + HOUR)

    assert moves(replanned((UNDER_WAY[0], failed, UNDER_WAY[2]), delay(3, 5))) == {3: 5 * HOUR}


def test_what_the_provider_wants_later_stays_as_late() -> None:
    deferred = message(2, retry_at=FIRST_SENT + 9 * HOUR)

    events = replanned((UNDER_WAY[0], deferred, UNDER_WAY[2]), delay(2, 3))

    assert moves(events) == {2: 9 * HOUR, 3: 33 * HOUR}


def test_whoever_is_planned_by_the_sequence_as_it_is_stays_so() -> None:
    """Replanning twice does what replanning once does; a text plans nothing."""
    text = "revise_step", {"number": 2, "body": "Other", "delay_hours": 24.0}

    assert replanned(UNDER_WAY, delay(2, 6), planned_by=3) == ()
    assert replanned(UNDER_WAY, text) == ()


def test_only_what_was_changed_since_counts() -> None:
    """Somebody entered between the two changes."""
    assert moves(replanned(UNDER_WAY, delay(2, 6), delay(3, 6), planned_by=3)) == {3: 30 * HOUR}

"""Steps that are added and removed, a sequence that is revised, copied, or deleted as a draft."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain import sequence, sequence_edits
from domain.errors import InvalidInputError, NotFoundError, WrongStateError
from domain.event import Event
from domain.planning import Step
from domain.sequence import (
    Definition,
    Sequence,
    SequenceActivated,
    SequenceDeactivated,
    SequenceDefined,
    SequenceDeleted,
    SequenceRevised,
    SequenceStepAdded,
    SequenceStepRemoved,
    SequenceStepRevised,
)
from domain.windows import Window
from tests.support.samples import BY, ID, SEQUENCE, event

HELLO = Step(content_id=f"{ID}:1:1", body="Hi", rules=1)
OFFER = Step(content_id=f"{ID}:1:2", body="An offer", rules=1, delay_hours=48.0)
WELCOME = Definition(name="Welcome", trigger="COLD", steps=(HELLO, OFFER))
DEFINED = event(SequenceDefined, 1, definition=WELCOME)
ACTIVATED = event(SequenceActivated, 2)
BETWEEN = Step(content_id=f"{ID}:3:3", body="Between", rules=1, delay_hours=12.0)
ADDED = event(SequenceStepAdded, 3, step=BETWEEN, before=2)
DELETED = event(SequenceDeleted, 2)


def given(*events: Event) -> Sequence:
    state = sequence.fold(None, events)
    assert state is not None
    return state


def numbers(state: Sequence) -> list[int]:
    return [step.number for step in state.definition.steps]


def test_a_step_is_added_before_another_or_at_the_end() -> None:
    """It gets the next number; no other step changes its own."""
    state = given(DEFINED, ACTIVATED)

    between = sequence_edits.add_step(state, before=2, body="Between", delay_hours=12.0, **BY)
    last = sequence_edits.add_step(state, body="Between", delay_hours=12.0, **BY)

    assert between == (ADDED,)
    assert last == (event(SequenceStepAdded, 3, step=BETWEEN, before=None),)
    after = given(DEFINED, ACTIVATED, ADDED)
    assert (numbers(after), after.steps_ever, after.plan_version) == ([1, 3, 2], 3, 3)
    assert numbers(given(DEFINED, ACTIVATED, *last)) == [1, 2, 3]


def test_the_number_of_a_step_that_was_removed_is_given_to_no_other() -> None:
    """The event says which step comes next then."""
    state = given(DEFINED, ACTIVATED, ADDED)

    first = sequence_edits.remove_step(state, number=3, **BY)
    last = sequence_edits.remove_step(state, number=2, **BY)

    assert first == (event(SequenceStepRemoved, 4, number=3, then=2),)
    assert last == (event(SequenceStepRemoved, 4, number=2, then=None),)
    after = given(DEFINED, ACTIVATED, ADDED, *first)
    assert (numbers(after), after.steps_ever, after.plan_version) == ([1, 2], 3, 4)
    (again,) = sequence_edits.add_step(after, body="Other", **BY)
    assert isinstance(again, SequenceStepAdded)
    assert again.step.content_id == f"{ID}:5:4"


def test_a_step_that_is_not_there_cannot_be_removed_nor_be_the_next_of_one() -> None:
    """And the only one must stay."""
    state = given(DEFINED)
    with pytest.raises(NotFoundError, match="no step 3"):
        sequence_edits.remove_step(state, number=3, **BY)
    with pytest.raises(InvalidInputError) as refused:
        sequence_edits.add_step(state, before=3, body="Hi", **BY)
    assert str(refused.value) == "at: expected the number of a step, one of 1, 2"
    one = given(DEFINED, event(SequenceStepRemoved, 2, number=1, then=2))
    with pytest.raises(WrongStateError):
        sequence_edits.remove_step(one, number=2, **BY)


def test_there_are_no_more_than_a_hundred_steps() -> None:
    steps = tuple(Step(content_id=f"{ID}:1:{n}", body="Hi") for n in range(1, 101))
    full = given(
        event(SequenceDefined, 1, definition=msgspec.structs.replace(WELCOME, steps=steps))
    )

    with pytest.raises(WrongStateError, match="it is one of 100 steps"):
        sequence_edits.add_step(full, body="Hi", **BY)


@pytest.mark.parametrize(
    ("changes", "replans"),
    [
        ({"first_delay_minutes": 60.0}, True),
        ({"timezone": "Asia/Kuala_Lumpur"}, True),
        ({"windows": (Window(start="09:00", end="17:00"),)}, True),
        ({"name": "Hello"}, False),
        ({"niche": ("B1",), "target_status": "prospect"}, False),
        ({"reentry": "always", "stop_on_reply": False, "next_trigger": "WARM"}, False),
        ({"min_delay_seconds": 5.0, "max_delay_seconds": 9.0, "ignore_cap": True}, False),
    ],
)
def test_a_sequence_is_revised(changes: dict[str, Any], replans: bool) -> None:
    """Only what says when messages are due plans them anew. Trigger and steps stay."""
    state = given(DEFINED, ACTIVATED)
    wanted = msgspec.structs.replace(WELCOME, **changes)
    other = msgspec.structs.replace(wanted, trigger="HOT", steps=(HELLO,))

    revised = sequence_edits.revise(state, other, **BY)

    assert revised == (event(SequenceRevised, 3, definition=wanted, replans=replans),)
    after = given(DEFINED, ACTIVATED, *revised)
    assert (after.definition, after.plan_version) == (wanted, 3 if replans else 1)
    assert sequence_edits.revise(after, other, **BY) == ()


@pytest.mark.parametrize(
    ("changes", "replans"),
    [
        ({"body": "Another text"}, False),
        ({"media_url": "https://example.org/a.jpg"}, False),
        ({"delay_hours": 6.0}, True),
        ({"send_at": "09:00"}, True),
    ],
)
def test_another_text_of_a_step_plans_nothing_anew(changes: dict[str, Any], replans: bool) -> None:
    present = {"body": OFFER.body, "delay_hours": 48.0}

    (revised,) = sequence_edits.revise_step(given(DEFINED), 2, **{**present, **changes}, **BY)

    assert isinstance(revised, SequenceStepRevised)
    assert revised.replans is replans


def test_a_copy_has_steps_of_its_own_in_their_order() -> None:
    """Of a sequence of any status; the texts keep the rules under which they were written."""
    old = msgspec.structs.replace(OFFER, body="{{name}}, an offer", rules=0)
    steps = (HELLO, BETWEEN, old)
    defined = event(SequenceDefined, 1, definition=msgspec.structs.replace(WELCOME, steps=steps))
    inactive = given(defined, ACTIVATED, event(SequenceDeactivated, 3))

    copy = sequence_edits.copied(inactive, SEQUENCE)

    assert copy == msgspec.structs.replace(
        WELCOME,
        name="Welcome (copy)",
        steps=tuple(
            msgspec.structs.replace(step, content_id=f"{SEQUENCE}:1:{number}")
            for number, step in enumerate(steps, start=1)
        ),
    )
    named = sequence_edits.copied(inactive, SEQUENCE, name="Again", trigger="HOT")
    assert (named.name, named.trigger) == ("Again", "HOT")


def test_the_name_of_a_copy_is_never_too_long() -> None:
    long = msgspec.structs.replace(WELCOME, name="N" * 200)
    copy = sequence_edits.copied(given(event(SequenceDefined, 1, definition=long)), SEQUENCE)
    assert copy.name == "N" * 193 + " (copy)"
    assert sequence.check(copy) == copy


def test_a_draft_is_deleted_and_nothing_follows() -> None:
    """What was ever active is there for good: people have entered it."""
    assert sequence_edits.delete(given(DEFINED), **BY) == (DELETED,)
    with pytest.raises(WrongStateError):
        sequence_edits.delete(given(DEFINED, ACTIVATED), **BY)
    gone = given(DEFINED, DELETED)
    assert (sequence.exists(gone), sequence.exists(given(DEFINED))) == (False, True)
    for change in (
        lambda: sequence.activate(gone, **BY),
        lambda: sequence_edits.delete(gone, **BY),
        lambda: sequence_edits.revise(gone, WELCOME, **BY),
        lambda: sequence_edits.revise_step(gone, 1, body="Hi", **BY),
        lambda: sequence_edits.add_step(gone, body="Hi", **BY),
        lambda: sequence_edits.remove_step(gone, number=1, **BY),
    ):
        with pytest.raises(WrongStateError, match="deleted"):
            change()

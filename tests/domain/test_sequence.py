"""A sequence: draft, active, paused, inactive; its steps, and their revisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from domain import sequence, sequence_edits
from domain.device import DeviceConnected
from domain.errors import InvalidInputError, NotFoundError, WrongStateError
from domain.event import Event, ForeignEventError
from domain.planning import Step
from domain.sequence import (
    Definition,
    Sequence,
    SequenceActivated,
    SequenceDeactivated,
    SequenceDefined,
    SequencePaused,
    SequenceResumed,
    SequenceStepRevised,
)
from domain.windows import Window
from tests.support.samples import BY, ID, event

HELLO = Step(content_id=f"{ID}:1:1", body="Hi {name|there}", rules=1, delay_hours=24.0)
OFFER = Step(content_id=f"{ID}:1:2", body="An offer", rules=1, delay_hours=48.0, send_at="09:00")
WELCOME = Definition(name="Welcome", trigger="COLD", steps=(HELLO, OFFER))

DEFINED = event(SequenceDefined, 1, definition=WELCOME)
ACTIVATED = event(SequenceActivated, 2)
PAUSED = event(SequencePaused, 3)
RESUMED = event(SequenceResumed, 4)
DEACTIVATED = event(SequenceDeactivated, 3, cancel_pending=False)

STREAMS: dict[str, tuple[Event, ...]] = {
    "draft": (DEFINED,),
    "active": (DEFINED, ACTIVATED),
    "paused": (DEFINED, ACTIVATED, PAUSED),
    "inactive": (DEFINED, ACTIVATED, DEACTIVATED),
}


def given(*events: Event) -> Sequence:
    state = sequence.fold(None, events)
    assert state is not None
    return state


def welcome(**fields: Any) -> Definition:
    return msgspec.structs.replace(WELCOME, **fields)


def revise(state: Sequence, number: int, **fields: Any) -> tuple[Event, ...]:
    kept = {"body": HELLO.body, "media_url": None, "delay_hours": 24.0, "send_at": None}
    return sequence_edits.revise_step(state, number, **{**kept, **fields}, **BY)


def test_a_sequence_begins_as_a_draft() -> None:
    """Its names are trimmed, its tokens come once, its pace becomes seconds."""
    untidy = welcome(
        name=" Welcome ",
        trigger=" COLD ",
        niche=("B1", "b1 "),
        target_status="All",
        next_trigger=" W",
    )
    tidy = welcome(niche=("B1",), target_status="all", next_trigger="W")
    assert sequence.define(ID, untidy, **BY) == event(SequenceDefined, 1, definition=tidy)
    assert given(DEFINED) == Sequence(
        id=ID,
        version=1,
        status="draft",
        definition=WELCOME,
        plan_version=1,
        steps_ever=2,
        made_by=DEFINED.actor,
        changed_by=DEFINED.actor,
    )


def test_what_a_sequence_does_unless_told_otherwise() -> None:
    """Five minutes, everybody, any time, once per lead, a reply stops it, the devices' own pace."""
    default = Definition(name="Welcome", trigger="COLD", steps=(HELLO,))
    assert default == Definition(
        name="Welcome",
        trigger="COLD",
        steps=(HELLO,),
        first_delay_minutes=5.0,
        niche=(),
        target_status="all",
        timezone=None,
        windows=(),
        reentry="once",
        stop_on_reply=True,
        next_trigger=None,
        min_delay_seconds=0.0,
        max_delay_seconds=0.0,
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"steps": ()}, "steps"),
        ({"steps": (HELLO,) * 101}, "steps"),
        ({"first_delay_minutes": -1.0}, "first_delay_minutes"),
        ({"first_delay_minutes": 527041.0}, "first_delay_minutes"),
        ({"first_delay_minutes": float("nan")}, "first_delay_minutes"),
        ({"reentry": "sometimes"}, "reentry"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"windows": (Window(start="17:00", end="17:00"),)}, "windows[1].end"),
        ({"windows": (Window(), Window(weekdays=("Mon",)))}, "windows[2].weekdays"),
        ({"trigger": ""}, "trigger"),
        ({"trigger": "COLD,WARM"}, "trigger"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"niche": ("B1|B2",)}, "niche"),
        ({"target_status": "everybody"}, "target_status"),
        ({"next_trigger": " "}, "next_trigger"),
        ({"next_trigger": "cold", "reentry": "always"}, "next_trigger"),
        ({"min_delay_seconds": -1.0}, "min_delay_seconds"),
        ({"min_delay_seconds": 2.0, "max_delay_seconds": 1.0}, "max_delay_seconds"),
    ],
)
def test_a_wrong_definition_is_refused(wrong: dict[str, Any], field: str) -> None:
    """The error names the value."""
    with pytest.raises(InvalidInputError) as error:
        sequence.define(ID, welcome(**wrong), **BY)
    assert error.value.field == field


def test_a_step_knows_the_event_that_holds_its_text() -> None:
    """Sequence, version, number: the audit finds the text by it. A step waits a day by default."""
    assert sequence.content_id(ID, 3, 2) == "00000000-0000-4000-8000-000000000001:3:2"
    assert sequence.step(ID, 1, 1, body="Hi {name|there}") == HELLO
    assert sequence.step(ID, 1, 2, body="An offer", delay_hours=48, send_at="09:00") == OFFER


def test_a_step_may_be_media_alone() -> None:
    """A picture needs no words."""
    picture = sequence.step(ID, 1, 1, body="", media_url="https://example.com/a.png", delay_hours=0)
    assert picture == Step(
        content_id=f"{ID}:1:1",
        body="",
        media_url="https://example.com/a.png",
        rules=1,
        delay_hours=0.0,
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"body": ""}, "steps[2].body"),
        ({"body": "\n "}, "steps[2].body"),
        ({"body": "x" * 4097}, "steps[2].body"),
        ({"body": "a\0b"}, "steps[2].body"),
        ({"body": "Hi", "media_url": "ftp://example.com/a.png"}, "steps[2].media_url"),
        ({"body": "Hi", "media_url": "https://example.com/\0"}, "steps[2].media_url"),
        ({"body": "Hi", "delay_hours": -0.5}, "steps[2].delay_hours"),
        ({"body": "Hi", "delay_hours": 8785}, "steps[2].delay_hours"),
        ({"body": "Hi", "send_at": "9am"}, "steps[2].send_at"),
    ],
)
def test_a_wrong_step_is_refused(wrong: dict[str, Any], field: str) -> None:
    """The error names the step and the value."""
    with pytest.raises(InvalidInputError) as error:
        sequence.step(ID, 1, 2, **wrong)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("status", "decision", "expected", "after"),
    [
        ("draft", sequence.activate, ACTIVATED, "active"),
        ("active", sequence.pause, PAUSED, "paused"),
        ("paused", sequence.resume, RESUMED, "active"),
    ],
)
def test_a_sequence_goes_from_draft_to_active_to_paused_and_back(
    status: str, decision: Callable[..., tuple[Event, ...]], expected: Event, after: str
) -> None:
    """One event each; the definition stays."""
    state = given(*STREAMS[status])
    assert decision(state, **BY) == (expected,)
    evolved = sequence.evolve(state, expected)
    assert (evolved.status, evolved.definition) == (after, WELCOME)


@pytest.mark.parametrize(
    ("status", "stop", "version"),
    [
        ("active", False, 3),
        ("paused", False, 4),
        ("active", True, 3),
        ("paused", True, 4),
        ("inactive", True, 4),
    ],
)
def test_a_sequence_is_deactivated_or_stopped(status: str, stop: bool, version: int) -> None:
    """Deactivated it enrolls nobody; stopped, what is pending is cancelled too, even later on."""
    expected = event(SequenceDeactivated, version, cancel_pending=stop)
    state = given(*STREAMS[status])
    assert sequence.deactivate(state, cancel_pending=stop, **BY) == (expected,)
    assert sequence.evolve(state, expected).status == "inactive"


def test_every_other_transition_is_refused() -> None:
    """The error says what was wanted and what the sequence is."""
    decisions: dict[str, Callable[[Sequence], object]] = {
        "activate": lambda state: sequence.activate(state, **BY),
        "pause": lambda state: sequence.pause(state, **BY),
        "resume": lambda state: sequence.resume(state, **BY),
        "deactivate": lambda state: sequence.deactivate(state, cancel_pending=False, **BY),
        "stop": lambda state: sequence.deactivate(state, cancel_pending=True, **BY),
    }
    refused = {
        "activate": ["active", "paused", "inactive"],
        "pause": ["draft", "paused", "inactive"],
        "resume": ["draft", "active", "inactive"],
        "deactivate": ["draft", "inactive"],
        "stop": ["draft"],
    }
    for wanted, statuses in refused.items():
        for status in statuses:
            with pytest.raises(WrongStateError) as error:
                decisions[wanted](given(*STREAMS[status]))
            assert str(error.value) == f"cannot {wanted} this sequence: it is {status}"


@pytest.mark.parametrize("status", list(STREAMS))
def test_a_step_is_revised_in_any_state(status: str) -> None:
    """The new text is held by the new event; the other steps keep theirs."""
    state = given(*STREAMS[status])
    version = state.version + 1
    new = Step(
        content_id=f"{ID}:{version}:2",
        body="A better offer",
        media_url="https://example.com/a.png",
        rules=1,
        delay_hours=12.0,
        send_at="10:30",
    )
    revised = event(SequenceStepRevised, version, number=2, step=new, replans=True)
    assert revise(
        state,
        2,
        body="A better offer",
        media_url="https://example.com/a.png",
        delay_hours=12,
        send_at="10:30",
    ) == (revised,)
    evolved = sequence.evolve(state, revised)
    assert evolved.definition.steps == (HELLO, new)
    assert (evolved.status, evolved.version) == (status, version)


def test_revising_a_step_without_a_change_is_no_event() -> None:
    """The text is still the one that the first event holds."""
    assert revise(given(DEFINED), 1) == ()


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_a_step_that_is_not_there_cannot_be_revised(number: int) -> None:
    """Steps count from 1."""
    with pytest.raises(NotFoundError) as error:
        revise(given(DEFINED), number, body="New")
    assert str(error.value) == f"no step {number}"


def test_a_revision_is_checked_like_a_new_step() -> None:
    """The error names the field of the step, which is given by itself."""
    with pytest.raises(InvalidInputError, match=r"^body: "):
        revise(given(DEFINED), 2, body="")


@pytest.mark.parametrize(
    ("before", "wrong"),
    [((), ACTIVATED), ((DEFINED,), DEFINED), ((DEFINED,), event(DeviceConnected, 2))],
)
def test_a_stream_that_is_no_sequences_is_an_error(before: tuple[Event, ...], wrong: Event) -> None:
    """It begins with the definition, which comes once."""
    with pytest.raises(ForeignEventError, match="a sequence cannot begin or go on with"):
        sequence.fold(None, [*before, wrong])

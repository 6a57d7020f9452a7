"""Plays random commands on one aggregate and keeps all that happened, refusals included."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from domain.errors import InvalidInputError, SendtrailError, WrongStateError
from domain.event import Event
from tests.support.histories.values import ACTORS, PAUSES, STARTS

State = Any
By = dict[str, Any]
Refusal = type[SendtrailError] | None

# How many commands a story tries: short ones are easy to read, long ones get far.
LENGTHS = (1, 10, 16, 24)


@dataclass(frozen=True)
class Command:
    """Something to try. ``refusal`` says beforehand, from the state alone, how it must end: None,
    or the error that it must raise."""

    name: str
    decide: Callable[[st.DrawFn, State, By], Event | Iterable[Event]]
    refusal: Callable[[State, datetime], Refusal]


@dataclass(frozen=True)
class Kind:
    """A kind of aggregate: how it begins, what can be tried on it, and how its events fold."""

    name: str
    begin: Callable[[st.DrawFn, By], Event]
    commands: tuple[Command, ...]
    evolve: Callable[[State | None, Any], State]
    fold: Callable[[State | None, Iterable[Any]], State | None]


@dataclass(frozen=True)
class Attempt:
    """One command: the state it met, untouched or not, and how it ended."""

    command: str
    now: datetime
    actor: str
    before: State
    untouched: bool
    expected: Refusal
    error: SendtrailError | None
    events: tuple[Event, ...]


@dataclass
class Story:
    """One aggregate's life: every attempt, every event, and the state after each event."""

    attempts: list[Attempt] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def before_and_after(self) -> list[tuple[State, Event, State]]:
        """Each event with the state before it (None at first) and the state after it."""
        return list(zip([None, *self.states], self.events, self.states, strict=False))

    def of(self, kind: type[Event]) -> list[Event]:
        """The events of that kind."""
        return [event for event in self.events if type(event) is kind]


def always(state: State, now: datetime) -> Refusal:
    """Accepted in every state."""
    return None


def never(state: State, now: datetime) -> Refusal:
    """Bad input in every state."""
    return InvalidInputError


def only(*statuses: str, but: Refusal = None) -> Callable[[State, datetime], Refusal]:
    """Refused in all other statuses, and in these for ``but``."""

    def refusal(state: State, now: datetime) -> Refusal:
        return but if state.status in statuses else WrongStateError

    return refusal


@st.composite
def stories(draw: st.DrawFn, kind: Kind) -> Story:
    """Mostly commands that the state allows, so that stories get far; every fourth is any."""
    story = Story()
    now = draw(STARTS)
    begun = kind.begin(draw, {"now": now, "actor": draw(ACTORS)})
    state = kind.evolve(None, begun)
    story.events.append(begun)
    story.states.append(state)
    for _ in range(draw(st.sampled_from(LENGTHS))):
        now += draw(PAUSES)
        fitting = [each for each in kind.commands if each.refusal(state, now) is None]
        anything = not fitting or draw(st.integers(0, 3)) == 0
        command = draw(st.sampled_from(kind.commands if anything else fitting))
        attempt = _attempt(draw, command, state, now, draw(ACTORS))
        story.attempts.append(attempt)
        for event in attempt.events:
            state = kind.evolve(state, event)
            story.events.append(event)
            story.states.append(state)
    return story


def _attempt(draw: st.DrawFn, command: Command, state: State, now: datetime, actor: str) -> Attempt:
    snapshot = msgspec.json.encode(state)
    error: SendtrailError | None = None
    events: tuple[Event, ...] = ()
    try:
        decided = command.decide(draw, state, {"now": now, "actor": actor})
        events = (decided,) if isinstance(decided, Event) else tuple(decided)
    except SendtrailError as refused:
        error = refused
    return Attempt(
        command=command.name,
        now=now,
        actor=actor,
        before=state,
        untouched=msgspec.json.encode(state) == snapshot,
        expected=command.refusal(state, now),
        error=error,
        events=events,
    )

"""A sequence: ordered steps that a lead enters by a trigger; draft -> active <-> paused ->
inactive."""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from domain import content, values
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following
from domain.planning import Step, Window, check_window
from domain.values import TargetFilter

Status = Literal["draft", "active", "paused", "inactive"]
Reentry = Literal["once", "after_completion", "always"]
REENTRIES: tuple[Reentry, ...] = ("once", "after_completion", "always")


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """What a sequence is. ``min_delay_seconds``/``max_delay_seconds`` ask for a slower pace than
    the device's; zeros leave it to the device. ``timezone`` serves leads that have none."""

    name: str
    trigger: str
    steps: tuple[Step, ...]
    first_delay_minutes: float = 5.0
    niche: tuple[str, ...] = ()
    target_status: TargetFilter = "all"
    timezone: str | None = None
    windows: tuple[Window, ...] = ()
    reentry: Reentry = "once"
    stop_on_reply: bool = True
    next_trigger: str | None = None
    min_delay_seconds: float = 0.0
    max_delay_seconds: float = 0.0


class SequenceDefined(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "sequence.defined"
    definition: Definition


class SequenceActivated(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "sequence.activated"


class SequencePaused(Event, frozen=True, kw_only=True, gc=False):
    """No enrolling, and the pending messages are held."""

    TOPIC: ClassVar[str] = "sequence.paused"


class SequenceResumed(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "sequence.resumed"


class SequenceDeactivated(Event, frozen=True, kw_only=True, gc=False):
    """No more enrolling. With ``cancel_pending`` what is pending is cancelled too ("stop")."""

    TOPIC: ClassVar[str] = "sequence.deactivated"
    cancel_pending: bool = False


class SequenceStepRevised(Event, frozen=True, kw_only=True, gc=False):
    """Step ``number`` (from 1) has new content for all that is not yet handed over."""

    TOPIC: ClassVar[str] = "sequence.step_revised"
    number: int
    step: Step


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    version: int
    status: Status
    definition: Definition


def evolve(state: Sequence | None, event: Event) -> Sequence:
    """The sequence after ``event``."""
    changes: dict[str, object]
    match state, event:
        case None, SequenceDefined():
            return Sequence(
                id=event.originator_id, version=1, status="draft", definition=event.definition
            )
        case Sequence(), SequenceActivated() | SequenceResumed():
            changes = {"status": "active"}
        case Sequence(), SequencePaused():
            changes = {"status": "paused"}
        case Sequence(), SequenceDeactivated():
            changes = {"status": "inactive"}
        case Sequence(), SequenceStepRevised():
            steps = list(state.definition.steps)
            steps[event.number - 1] = event.step
            changes = {"definition": msgspec.structs.replace(state.definition, steps=tuple(steps))}
        case _:
            raise ForeignEventError("a sequence", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def content_id(sequence_id: UUID, version: int, number: int) -> str:
    """Names a step's text by the event that holds it: the sequence, its version, the step."""
    return f"{sequence_id}:{version}:{number}"


def step(
    sequence_id: UUID,
    version: int,
    number: int,
    *,
    delay_hours: float = 24.0,
    send_at: str | None = None,
    **fields: Any,
) -> Step:
    """A checked step whose content the event at ``version`` will hold; ``fields`` are those of
    ``Content`` but for its id."""
    field = f"steps[{number}]"
    new = Step(
        content_id=content_id(sequence_id, version, number),
        delay_hours=float(delay_hours),
        send_at=send_at,
        **fields,
    )
    content.check(new, f"{field}.")
    if not 0 <= delay_hours <= 24 * 366:
        raise InvalidInputError(f"{field}.delay_hours", "hours between 0 and 8784")
    if send_at is not None:
        values.time_of_day(send_at, f"{field}.send_at")
    return new


def define(id: UUID, definition: Definition, *, now: datetime, actor: str) -> SequenceDefined:  # noqa: A002
    """A draft. Steps come from ``step``; everything else is checked here."""
    if not 1 <= len(definition.steps) <= 100:
        raise InvalidInputError("steps", "1 to 100 steps")
    if not 0 <= definition.first_delay_minutes <= 60 * 24 * 366:
        raise InvalidInputError("first_delay_minutes", "minutes between 0 and 527040")
    if definition.reentry not in REENTRIES:
        raise InvalidInputError("reentry", "'once', 'after_completion' or 'always'")
    if definition.timezone is not None:
        values.zone(definition.timezone)
    for window in definition.windows:
        check_window(window)
    low, high = values.delay_range(definition.min_delay_seconds, definition.max_delay_seconds)
    (trigger,) = values.tokens("trigger", [definition.trigger])
    following_trigger = definition.next_trigger
    if definition.reentry != "once" and values.matching(trigger, [following_trigger or ""]):
        raise InvalidInputError("next_trigger", "another trigger than the sequence's own")
    checked = msgspec.structs.replace(
        definition,
        name=values.text("name", definition.name, longest=200).strip(),
        trigger=trigger,
        niche=values.tokens("niche", definition.niche),
        target_status=values.target_filter(definition.target_status),
        next_trigger=(
            None
            if following_trigger is None
            else values.tokens("next_trigger", [following_trigger])[0]
        ),
        min_delay_seconds=low,
        max_delay_seconds=high,
    )
    return first(SequenceDefined, id, now, actor, definition=checked)


def activate(sequence: Sequence, *, now: datetime, actor: str) -> tuple[Event, ...]:
    _require(sequence, "activate", "draft")
    return (following(sequence, SequenceActivated, now, actor),)


def pause(sequence: Sequence, *, now: datetime, actor: str) -> tuple[Event, ...]:
    _require(sequence, "pause", "active")
    return (following(sequence, SequencePaused, now, actor),)


def resume(sequence: Sequence, *, now: datetime, actor: str) -> tuple[Event, ...]:
    _require(sequence, "resume", "paused")
    return (following(sequence, SequenceResumed, now, actor),)


def deactivate(
    sequence: Sequence, *, cancel_pending: bool, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Stops enrolling; with ``cancel_pending`` an inactive sequence may be stopped as well."""
    allowed: Ordered[Status] = (
        ("active", "paused", "inactive")
        if cancel_pending
        else (
            "active",
            "paused",
        )
    )
    _require(sequence, "stop" if cancel_pending else "deactivate", *allowed)
    return (following(sequence, SequenceDeactivated, now, actor, cancel_pending=cancel_pending),)


def revise_step(
    sequence: Sequence,
    number: int,
    *,
    now: datetime,
    actor: str,
    **fields: Any,
) -> tuple[Event, ...]:
    """New content for step ``number``, counted from 1; ``fields`` are all those of the step but for
    its content's id. Nothing happens where nothing changes."""
    if not 1 <= number <= len(sequence.definition.steps):
        raise InvalidInputError("step", f"a step number from 1 to {len(sequence.definition.steps)}")
    revised = step(sequence.id, sequence.version + 1, number, **fields)
    present = sequence.definition.steps[number - 1]
    if msgspec.structs.replace(revised, content_id=present.content_id) == present:
        return ()
    return (following(sequence, SequenceStepRevised, now, actor, number=number, step=revised),)


def _require(sequence: Sequence, wanted: str, *allowed: Status) -> None:
    if sequence.status not in allowed:
        raise WrongStateError("sequence", sequence.status, wanted)

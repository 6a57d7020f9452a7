"""A sequence: ordered steps that a lead enters by a trigger.

draft -> active <-> paused, and inactive from either of these. A decision raises WrongStateError
where the status does not allow it.
"""

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
    """Which leads a sequence enrolls, what it says to them, and when.

    A lead enters by ``trigger``, and gets ``next_trigger`` when its enrollment is completed.
    ``reentry`` says whether the same lead may enter again, and ``stop_on_reply`` whether a reply
    stops the enrollment, ``stop_on_manual_message`` whether what somebody wrote on the phone itself
    does. ``timezone`` is for leads that have none. Delays of zero leave the pace to
    the device; others ask for a slower one.
    """

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
    stop_on_manual_message: bool = True
    next_trigger: str | None = None
    min_delay_seconds: float = 0.0
    max_delay_seconds: float = 0.0


class SequenceDefined(Event, frozen=True, kw_only=True, gc=False):
    """The sequence exists, as a draft that enrolls nobody; ``definition`` holds its contents."""

    TOPIC: ClassVar[str] = "sequence.defined"
    definition: Definition


class SequenceActivated(Event, frozen=True, kw_only=True, gc=False):
    """Leads with the trigger are enrolled from here on."""

    TOPIC: ClassVar[str] = "sequence.activated"


class SequencePaused(Event, frozen=True, kw_only=True, gc=False):
    """Nobody is enrolled, and the pending messages are held."""

    TOPIC: ClassVar[str] = "sequence.paused"


class SequenceResumed(Event, frozen=True, kw_only=True, gc=False):
    """Leads are enrolled again, and the messages are free."""

    TOPIC: ClassVar[str] = "sequence.resumed"


class SequenceDeactivated(Event, frozen=True, kw_only=True, gc=False):
    """Nobody is enrolled any more. With ``cancel_pending`` the enrollments will be stopped and what
    is pending cancelled; without it, the enrollments go on to their end."""

    TOPIC: ClassVar[str] = "sequence.deactivated"
    cancel_pending: bool = False


class SequenceStepRevised(Event, frozen=True, kw_only=True, gc=False):
    """``step`` replaced step ``number``, from 1, for every message that was not dispatched."""

    TOPIC: ClassVar[str] = "sequence.step_revised"
    number: int
    step: Step


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """A sequence's state."""

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
    """The name of a step's content: the sequence, the version of the event that holds the content,
    and the step's number, from 1."""
    return f"{sequence_id}:{version}:{number}"


def step(
    sequence_id: UUID,
    version: int,
    number: int,
    *,
    delay_hours: float = 24.0,
    send_at: str | None = None,
    present: Step | None = None,
    **fields: Any,
) -> Step:
    """A checked step whose content the event at ``version`` will hold; ``fields`` are those of
    ``Content`` but for its id. It replaces ``present`` if there is one."""
    field = f"steps[{number}]"
    new = Step(
        content_id=content_id(sequence_id, version, number),
        delay_hours=float(delay_hours),
        send_at=send_at,
        **fields,
    )
    new = content.checked(new, f"{field}.", present)
    if not 0 <= delay_hours <= 24 * 366:
        raise InvalidInputError(f"{field}.delay_hours", "hours between 0 and 8784")
    if send_at is not None:
        values.time_of_day(send_at, f"{field}.send_at")
    return new


def define(id: UUID, definition: Definition, *, now: datetime, actor: str) -> SequenceDefined:  # noqa: A002
    """A draft. Steps are checked by ``step``, everything else here: InvalidInputError names a field
    that is wrong."""
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
        name=values.name("name", definition.name, longest=200),
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
    """Begin to enroll leads: a draft becomes active."""
    _require(sequence, "activate", "draft")
    return (following(sequence, SequenceActivated, now, actor),)


def pause(sequence: Sequence, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Stop enrolling for now, and hold the pending messages of an active sequence."""
    _require(sequence, "pause", "active")
    return (following(sequence, SequencePaused, now, actor),)


def resume(sequence: Sequence, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Enroll again, and free what a pause held."""
    _require(sequence, "resume", "paused")
    return (following(sequence, SequenceResumed, now, actor),)


def deactivate(
    sequence: Sequence, *, cancel_pending: bool, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Stop enrolling for good, and with ``cancel_pending`` sending too. An inactive sequence may
    still be deactivated with ``cancel_pending``."""
    allowed: Ordered[Status] = ("active", "paused", "inactive")
    if not cancel_pending:
        allowed = ("active", "paused")
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
    """Replace step ``number``, from 1, in any status; nothing follows where nothing changes.
    ``fields`` are all fields of the step but ``content_id``. Raises InvalidInputError for a number
    that the sequence does not have."""
    if not 1 <= number <= len(sequence.definition.steps):
        raise InvalidInputError("step", f"a step number from 1 to {len(sequence.definition.steps)}")
    present = sequence.definition.steps[number - 1]
    revised = step(sequence.id, sequence.version + 1, number, present=present, **fields)
    if msgspec.structs.replace(revised, content_id=present.content_id) == present:
        return ()
    return (following(sequence, SequenceStepRevised, now, actor, number=number, step=revised),)


def _require(sequence: Sequence, wanted: str, *allowed: Status) -> None:
    if sequence.status not in allowed:
        raise WrongStateError("sequence", sequence.status, wanted)

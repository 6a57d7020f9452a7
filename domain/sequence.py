"""A sequence: ordered steps that a lead enters by a trigger.

draft -> active <-> paused, and inactive from either of these. A draft may also be deleted. A
decision raises WrongStateError where the status does not allow it.
"""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from domain.errors import NotFoundError, WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following
from domain.planning import Step
from domain.segments import Predicate
from domain.sequence_definition import LONGEST as LONGEST
from domain.sequence_definition import REENTRIES as REENTRIES
from domain.sequence_definition import Definition as Definition
from domain.sequence_definition import Reentry as Reentry
from domain.sequence_definition import check as check
from domain.sequence_steps import content_id as content_id
from domain.sequence_steps import step as step

Status = Literal["draft", "active", "paused", "inactive", "deleted"]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A change that is proposed: ``step`` in place of step ``number``, or added before the step
    ``before``; the step ``number`` removed; or another ``definition`` of all but trigger and
    steps."""

    do: Literal["revise_step", "add_step", "remove_step", "revise"]
    number: int | None = None
    step: Step | None = None
    before: int | None = None
    definition: Definition | None = None


class SequenceDefined(Event, frozen=True, kw_only=True, gc=False):
    """The sequence exists, as a draft that enrolls nobody; ``definition`` holds its contents."""

    TOPIC: ClassVar[str] = "sequence.defined"
    definition: Definition


class SequenceActivated(Event, frozen=True, kw_only=True, gc=False):
    """Leads with the trigger are enrolled from here on; ``segment`` is what the sequence's segment
    was then, if it has one."""

    TOPIC: ClassVar[str] = "sequence.activated"
    segment: Predicate | None = None


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


class SequenceDeleted(Event, frozen=True, kw_only=True, gc=False):
    """The draft is no sequence any more. Nobody ever entered it."""

    TOPIC: ClassVar[str] = "sequence.deleted"


class SequenceStepRevised(Event, frozen=True, kw_only=True, gc=False):
    """``step`` replaced step ``number``, from 1, for every message that was not dispatched.

    If it ``replans``, that step and those after it are planned anew for those under way. Earlier
    versions never did.
    """

    TOPIC: ClassVar[str] = "sequence.step_revised"
    number: int
    step: Step
    replans: bool = False


class SequenceStepAdded(Event, frozen=True, kw_only=True, gc=False):
    """There is one step more, before the step of the number ``before``, or at the end. It is
    planned for those under way who are not past its place."""

    TOPIC: ClassVar[str] = "sequence.step_added"
    step: Step
    before: int | None = None


class SequenceStepRemoved(Event, frozen=True, kw_only=True, gc=False):
    """The step of that ``number`` is gone, and the number is given to no other. The one after it,
    ``then``, and all after that are planned anew for those under way; None if it was the last."""

    TOPIC: ClassVar[str] = "sequence.step_removed"
    number: int
    then: int | None = None


class SequenceRevised(Event, frozen=True, kw_only=True, gc=False):
    """``definition`` replaced the one before it; its steps are the same. If it ``replans``, all
    steps are planned anew for those under way."""

    TOPIC: ClassVar[str] = "sequence.revised"
    definition: Definition
    replans: bool = False


class SequenceApproved(Event, frozen=True, kw_only=True, gc=False):
    """The actor approved the draft as it is, or what was proposed; the events after it carry the
    proposals out. ``content_sha256`` is the digest of what the sequence then says, and to whom."""

    TOPIC: ClassVar[str] = "sequence.approved"
    content_sha256: str


class SequenceChangeProposed(Event, frozen=True, kw_only=True, gc=False):
    """The actor wants this change, which another one has to approve."""

    TOPIC: ClassVar[str] = "sequence.change_proposed"
    change: Proposal


class SequenceProposalsDiscarded(Event, frozen=True, kw_only=True, gc=False):
    """Nothing that was proposed is done."""

    TOPIC: ClassVar[str] = "sequence.proposals_discarded"


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """A sequence's state. ``plan_version`` is the version of the latest event by which those under
    way are planned anew. ``steps_ever`` is the highest number that a step ever had. ``made_by`` and
    ``changed_by`` are the actors who wrote the draft and changed it last. ``approved_by`` is who
    approved it so. ``proposals`` are the changes that await an approval, with who wants each."""

    id: UUID
    version: int
    status: Status
    definition: Definition
    plan_version: int = 1
    steps_ever: int = 0
    made_by: str = ""
    changed_by: str = ""
    approved_by: str | None = None
    proposals: tuple[tuple[str, Proposal], ...] = ()


# What changes a draft that was approved, so that it is not any more.
_EDITS = (SequenceStepRevised, SequenceStepAdded, SequenceStepRemoved, SequenceRevised)


def evolve(state: Sequence | None, event: Event) -> Sequence:
    """The sequence after ``event``."""
    changes: dict[str, object]
    match state, event:
        case None, SequenceDefined():
            return Sequence(
                id=event.originator_id,
                version=1,
                status="draft",
                definition=event.definition,
                steps_ever=len(event.definition.steps),
                made_by=event.actor,
                changed_by=event.actor,
            )
        case Sequence(), SequenceActivated():
            changes = {"status": "active"}
            if event.segment is not None:
                changes["definition"] = asking(state.definition, event.segment)
        case Sequence(), SequenceResumed():
            changes = {"status": "active"}
        case Sequence(), SequencePaused():
            changes = {"status": "paused"}
        case Sequence(), SequenceDeactivated():
            changes = {"status": "inactive"}
        case Sequence(), SequenceStepRevised():
            place = place_of(state.definition, event.number)
            changes = _with_steps(state, place, place + 1, event.step)
        case Sequence(), SequenceStepAdded():
            place = len(state.definition.steps)
            if event.before is not None:
                place = place_of(state.definition, event.before)
            changes = _with_steps(state, place, place, event.step)
            changes["steps_ever"] = state.steps_ever + 1
        case Sequence(), SequenceStepRemoved():
            place = place_of(state.definition, event.number)
            changes = _with_steps(state, place, place + 1)
        case Sequence(), SequenceRevised():
            changes = {"definition": event.definition}
        case Sequence(), SequenceDeleted():
            changes = {"status": "deleted"}
        case Sequence(), SequenceApproved():
            changes = {"approved_by": event.actor, "proposals": ()}
        case Sequence(), SequenceChangeProposed():
            changes = {"proposals": (*state.proposals, (event.actor, event.change))}
        case Sequence(), SequenceProposalsDiscarded():
            changes = {"proposals": ()}
        case _:
            raise ForeignEventError("a sequence", event)
    if state.status == "draft" and isinstance(event, _EDITS):
        changes |= {"changed_by": event.actor, "approved_by": None}
    if plans_anew(event):
        changes["plan_version"] = event.originator_version
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def asking(definition: Definition, segment: Predicate | None) -> Definition:
    """The definition with what its segment asks now."""
    return msgspec.structs.replace(definition, segment=segment)


def exists(sequence: Sequence) -> bool:
    """Whether it is a sequence still: a draft that was deleted is none."""
    return sequence.status != "deleted"


def plans_anew(event: Event) -> bool:
    """Whether those under way are planned anew by it."""
    match event:
        case SequenceStepAdded() | SequenceStepRemoved():
            return True
        case SequenceStepRevised() | SequenceRevised():
            return event.replans
        case _:
            return False


def place_of(definition: Definition, number: int) -> int:
    """The place, from 0, of the step of that number. Raises NotFoundError."""
    for place, each in enumerate(definition.steps):
        if each.number == number:
            return place
    raise NotFoundError("step", number)


def _with_steps(state: Sequence, start: int, end: int, *steps: Step) -> dict[str, object]:
    """Changes of the state: ``steps`` in place of those from ``start`` until before ``end``."""
    there = state.definition.steps
    changed = (*there[:start], *steps, *there[end:])
    return {"definition": msgspec.structs.replace(state.definition, steps=changed)}


def define(id: UUID, definition: Definition, *, now: datetime, actor: str) -> SequenceDefined:  # noqa: A002
    """A draft. Steps are checked by ``step``, everything else here: InvalidInputError names a field
    that is wrong."""
    return first(SequenceDefined, id, now, actor, definition=check(definition))


def activate(
    sequence: Sequence, segment: Predicate | None = None, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Begin to enroll leads: a draft becomes active. ``segment`` is what its segment is now, if it
    has one."""
    _require(sequence, "activate", "draft")
    return (following(sequence, SequenceActivated, now, actor, segment=segment),)


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
    """Stop enrolling for good, and with ``cancel_pending`` sending too, which an inactive sequence
    may still be told."""
    allowed: Ordered[Status] = ("active", "paused", *(("inactive",) if cancel_pending else ()))
    _require(sequence, "stop" if cancel_pending else "deactivate", *allowed)
    return (following(sequence, SequenceDeactivated, now, actor, cancel_pending=cancel_pending),)


def _require(sequence: Sequence, wanted: str, *allowed: Status) -> None:
    if sequence.status not in allowed:
        raise WrongStateError("sequence", sequence.status, wanted)

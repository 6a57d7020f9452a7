"""How a sequence is changed, copied, and deleted while it is a draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import sequence as sequences
from domain.branches import fates
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, following
from domain.sequence import (
    LONGEST,
    Definition,
    Sequence,
    SequenceDeleted,
    SequenceRevised,
    SequenceStepAdded,
    SequenceStepRemoved,
    SequenceStepRevised,
    place_of,
)

_LONGEST_NAME = 200
# Fields that say when messages are due. The trigger is how people know a sequence: it stays.
_PLANNING = ("first_delay_minutes", "windows", "timezone")
_STEP_PLANNING = ("delay_hours", "send_at", "branches")


def copied(
    sequence: Sequence, sequence_id: UUID, *, name: str | None = None, trigger: str | None = None
) -> Definition:
    """The definition of a copy, for a new sequence of that id. Its steps are numbered in their
    order, and keep the rules under which they were written. Without a ``name`` it is called a
    copy."""
    present = sequence.definition
    numbers = {step.number: number for number, step in enumerate(present.steps, start=1)}
    steps = []
    for number, step in enumerate(present.steps, start=1):
        fields = msgspec.structs.asdict(step)
        del fields["content_id"]
        fields["branches"] = [
            msgspec.structs.replace(each, then=each.then and numbers[each.then])
            for each in step.branches
        ]
        steps.append(sequences.step(sequence_id, 1, number, present=step, **fields))
    return msgspec.structs.replace(
        present,
        name=f"{present.name[: _LONGEST_NAME - 7]} (copy)" if name is None else name,
        trigger=present.trigger if trigger is None else trigger,
        steps=tuple(steps),
    )


def delete(sequence: Sequence, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Take a draft away; nobody ever entered it."""
    if sequence.status != "draft":
        raise WrongStateError("sequence", sequence.status, "delete")
    return (following(sequence, SequenceDeleted, now, actor),)


def revise(
    sequence: Sequence, definition: Definition, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Replace the definition but for its trigger and steps, in any status; nothing follows where
    nothing changes. Raises InvalidInputError naming a field that is wrong."""
    _require_there(sequence, "revise")
    present = sequence.definition
    if definition.stop_on_reply:
        _refuse_branches_by_replies(present)
    kept = msgspec.structs.replace(definition, trigger=present.trigger, steps=present.steps)
    checked = sequences.check(kept)
    if checked == present:
        return ()
    replans = any(getattr(checked, name) != getattr(present, name) for name in _PLANNING)
    changed = {"definition": checked, "replans": replans}
    return _kept(sequence, following(sequence, SequenceRevised, now, actor, **changed))


def revise_step(
    sequence: Sequence,
    number: int,
    *,
    now: datetime,
    actor: str,
    **fields: Any,
) -> tuple[Event, ...]:
    """Replace step ``number``, from 1, in any status; nothing follows where nothing changes.
    ``fields`` are all fields of the step but ``content_id``. Raises NotFoundError for a number that
    no step has."""
    _require_there(sequence, "revise a step of")
    present = sequence.definition.steps[place_of(sequence.definition, number)]
    revised = sequences.step(
        sequence.id, sequence.version + 1, number, present=present, place="", **fields
    )
    if msgspec.structs.replace(revised, content_id=present.content_id) == present:
        return ()
    planned_anew = any(getattr(revised, name) != getattr(present, name) for name in _STEP_PLANNING)
    changed = {"number": number, "step": revised, "replans": planned_anew}
    change = following(sequence, SequenceStepRevised, now, actor, **changed)
    return _kept(sequence, change, alone=number)


def add_step(
    sequence: Sequence, *, before: int | None = None, now: datetime, actor: str, **fields: Any
) -> tuple[Event, ...]:
    """Add a step before the step of the number ``before``, or at the end. It gets the next number
    that no step had. ``fields`` are those of ``sequence.step``.

    Raises InvalidInputError naming a field that is wrong, and WrongStateError where there are too
    many steps.
    """
    _require_there(sequence, "add a step to")
    steps = sequence.definition.steps
    if len(steps) >= LONGEST:
        raise WrongStateError("sequence", f"one of {LONGEST} steps", "add a step to")
    if before is not None and before not in {step.number for step in steps}:
        numbers = ", ".join(str(step.number) for step in steps)
        raise InvalidInputError("at", f"the number of a step, one of {numbers}")
    number = sequence.steps_ever + 1
    added = sequences.step(sequence.id, sequence.version + 1, number, place="", **fields)
    there = {"step": added, "before": before}
    return _kept(
        sequence, following(sequence, SequenceStepAdded, now, actor, **there), alone=number
    )


def remove_step(sequence: Sequence, *, number: int, now: datetime, actor: str) -> tuple[Event, ...]:
    """Take the step of that number away. Raises NotFoundError for a number that no step has, and
    WrongStateError for the only step, and for one that a branch needs."""
    _require_there(sequence, "remove a step of")
    steps = sequence.definition.steps
    place = place_of(sequence.definition, number)
    if len(steps) == 1:
        raise WrongStateError("sequence", "one of a single step", "remove the step of")
    then = steps[place + 1].number if place + 1 < len(steps) else None
    gone = {"number": number, "then": then}
    try:
        return _kept(sequence, following(sequence, SequenceStepRemoved, now, actor, **gone))
    except InvalidInputError:
        state = "one with a branch that needs it"
        raise WrongStateError("sequence", state, "remove the step of") from None


def _refuse_branches_by_replies(present: Definition) -> None:
    for step in present.steps:
        if any(branch.when == "replied" for branch in step.branches):
            expected = f"false, because step {step.number} branches by a reply"
            raise InvalidInputError("stop_on_reply", expected)


def _kept(sequence: Sequence, change: Event, alone: int | None = None) -> tuple[Event, ...]:
    """The change, if branches allow it: they name steps that there are, and once somebody may be
    under way their plan is fixed. A decision says which step comes next, and that step stays.
    ``alone`` is the number of the step that was given.

    Raises InvalidInputError, and WrongStateError.
    """
    before = sequence.definition
    after = sequences.evolve(sequence, change).definition
    fates.check(after.steps, stop_on_reply=after.stop_on_reply, alone=alone)
    branches = fates.branching(before.steps) or fates.branching(after.steps)
    if branches and sequence.status != "draft" and sequences.plans_anew(change):
        state = f"{sequence.status} and branches, so that a copy is to be changed"
        raise WrongStateError("sequence", state, "change the plan of")
    return (change,)


def _require_there(sequence: Sequence, wanted: str) -> None:
    if not sequences.exists(sequence):
        raise WrongStateError("sequence", sequence.status, wanted)

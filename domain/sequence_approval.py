"""Four eyes on a sequence: what it says and to whom is approved by another one than who wrote it.

A draft is approved as a whole, before it is activated. What changes the text or the audience after
that is a proposal: the old text goes on until another one approves.
"""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from domain import sequence as sequences
from domain import sequence_edits
from domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    SendtrailError,
    WrongStateError,
)
from domain.event import Event, ForeignEventError, following
from domain.sequence import (
    Definition,
    Proposal,
    Sequence,
    SequenceApproved,
    SequenceChangeProposed,
    SequenceProposalsDiscarded,
    SequenceRevised,
    SequenceStepAdded,
    SequenceStepRemoved,
    SequenceStepRevised,
)

# Whom a sequence enrolls.
_AUDIENCE = ("niche", "target_status", "segment_id", "segment", "requires_consent")


def proposed(
    sequence: Sequence, events: Ordered[Event], *, now: datetime, actor: str
) -> Ordered[Event]:
    """What follows under four eyes in place of the ``events`` of an edit, which was decided on what
    the sequence will be (``ahead``): of a sequence that is no draft, a proposal of what changes the
    text or the audience. The rest is done at once."""
    if sequence.status == "draft":
        return events
    found: list[Event] = []
    state = sequence
    will_be = ahead(sequence, now=now, actor=actor)
    for event in events:
        for each in _divided(state, will_be, event, now=now, actor=actor):
            found.append(each)
            state = sequences.evolve(state, each)
    return found


def ahead(sequence: Sequence, *, now: datetime, actor: str) -> Sequence:
    """The sequence as it will be when all that is proposed is approved. What cannot be carried out
    any more is left out."""
    for _, change in sequence.proposals:
        with suppress(SendtrailError):
            for event in _carried_out(sequence, change, now=now, actor=actor):
                sequence = sequences.evolve(sequence, event)
    return sequence


def _divided(
    state: Sequence, will_be: Sequence, event: Event, *, now: datetime, actor: str
) -> list[Event]:
    """The part of an edit that is done at once, and the one that is proposed."""
    by: dict[str, Any] = {"now": now, "actor": actor}
    if not isinstance(event, SequenceRevised):
        change = _proposal(event)
        return [following(state, SequenceChangeProposed, now, actor, change=change)]
    there, new = state.definition, event.definition
    kept = {name: getattr(there, name) for name in _AUDIENCE}
    at_once = msgspec.structs.replace(new, trigger=there.trigger, steps=there.steps, **kept)
    found = [*sequence_edits.revise(state, at_once, **by)]
    if any(getattr(will_be.definition, name) != getattr(new, name) for name in _AUDIENCE):
        for done in found:
            state = sequences.evolve(state, done)
        change = Proposal(do="revise", definition=new)
        found.append(following(state, SequenceChangeProposed, now, actor, change=change))
    return found


def approve(
    sequence: Sequence, *, seen: int | None = None, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Approve a draft, or carry out what was proposed. Nothing follows where there is nothing to
    approve. Raises WrongStateError where it is not at the version ``seen`` any more,
    NotAllowedError for who wrote the draft, changed it last or proposed any of it, and
    ConflictError for a proposal that cannot be carried out any more."""
    if seen not in (None, sequence.version):
        raise WrongStateError(
            "sequence", f"at version {sequence.version}", "approve what you saw of"
        )
    if sequence.status == "draft":
        _refuse(actor, (sequence.made_by, sequence.changed_by), "you wrote it, or changed it last")
        if sequence.approved_by is not None:
            return ()
        digest = approved_content(sequence.definition)
        return (following(sequence, SequenceApproved, now, actor, content_sha256=digest),)
    if not sequence.proposals:
        return ()
    _refuse(actor, [by for by, _ in sequence.proposals], "you proposed it")
    approved = following(sequence, SequenceApproved, now, actor, content_sha256="")
    state = sequences.evolve(sequence, approved)
    events: list[Event] = []
    for _, change in sequence.proposals:
        try:
            carried_out = _carried_out(state, change, now=now, actor=actor)
        except (InvalidInputError, NotFoundError) as error:
            said = f"what was proposed cannot be carried out any more: {error}"
            raise ConflictError(said) from None
        for event in carried_out:
            events.append(event)
            state = sequences.evolve(state, event)
    digest = approved_content(state.definition)
    return (msgspec.structs.replace(approved, content_sha256=digest), *events)


def approved_content(definition: Definition) -> str:
    """SHA-256 of what somebody approves: what the steps say, in their order, and to whom."""
    what = {name: getattr(definition, name) for name in (*_AUDIENCE, "trigger")}
    # A later field that says nothing leaves digests as they are.
    if definition.requires_consent is None:
        del what["requires_consent"]
    what["steps"] = [
        {name: getattr(step, name) for name in ("body", "media_url", "template", "rules")}
        for step in definition.steps
    ]
    return sha256(msgspec.json.encode(what, order="sorted")).hexdigest()


def discard(sequence: Sequence, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Do nothing of what was proposed."""
    if not sequence.proposals:
        return ()
    return (following(sequence, SequenceProposalsDiscarded, now, actor),)


def require_approval(sequence: Sequence) -> None:
    """Raises WrongStateError for a draft that nobody else has approved."""
    if sequence.status == "draft" and sequence.approved_by is None:
        raise WrongStateError("sequence", "not approved", "activate")


def _refuse(actor: str, others: Ordered[str], why: str) -> None:
    if actor in others:
        raise NotAllowedError(f"approve this sequence: {why}")


def _proposal(event: Event) -> Proposal:
    match event:
        case SequenceStepRevised():
            return Proposal(do="revise_step", number=event.number, step=event.step)
        case SequenceStepAdded():
            return Proposal(do="add_step", step=event.step, before=event.before)
        case SequenceStepRemoved():
            return Proposal(do="remove_step", number=event.number)
        case _:
            raise ForeignEventError("an edit", event)


def _carried_out(state: Sequence, change: Proposal, **by: Any) -> Ordered[Event]:
    match change.do, change.number, change.step, change.definition:
        case "revise_step", int() as number, step, None if step is not None:
            return sequence_edits.revise_step(state, number, **_fields(step), **by)
        case "add_step", None, step, None if step is not None:
            return sequence_edits.add_step(state, before=change.before, **_fields(step), **by)
        case "remove_step", int() as number, None, None:
            return sequence_edits.remove_step(state, number=number, **by)
        case "revise", None, None, definition if definition is not None:
            # The rest may have changed since, and needs no approval.
            audience = {name: getattr(definition, name) for name in _AUDIENCE}
            new = msgspec.structs.replace(state.definition, **audience)
            return sequence_edits.revise(state, new, **by)
    return ()


def _fields(step: Any) -> dict[str, Any]:
    """The fields of a step that somebody writes."""
    fields = msgspec.structs.asdict(step)
    del fields["content_id"]
    return fields

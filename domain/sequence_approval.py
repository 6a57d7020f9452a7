"""Four eyes on a sequence: what it says and to whom is approved by another one than who wrote it.

A draft is approved as a whole, before it is activated. What changes the text or the audience after
that is a proposal: the old text goes on until another one approves.
"""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from domain import sequence as sequences
from domain import sequence_edits
from domain.errors import NotAllowedError, WrongStateError
from domain.event import Event, following
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
    """What follows under four eyes in place of the ``events`` of an edit: of a sequence that is no
    draft, a proposal, unless neither text nor audience change."""
    if sequence.status == "draft":
        return events
    found: list[Event] = []
    for event in events:
        change = _proposal(sequence, event)
        if change is None:
            found.append(event)
        else:
            found.append(following(sequence, SequenceChangeProposed, now, actor, change=change))
    return found


def approve(sequence: Sequence, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Approve a draft, or carry out what was proposed. Nothing follows where there is nothing to
    approve. Raises NotAllowedError for who wrote the draft, changed it last or proposed any of it,
    and the error of a proposal that cannot be carried out any more."""
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
        for event in _carried_out(state, change, now=now, actor=actor):
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


def _proposal(sequence: Sequence, event: Event) -> Proposal | None:
    match event:
        case SequenceStepRevised():
            return Proposal(do="revise_step", number=event.number, step=event.step)
        case SequenceStepAdded():
            return Proposal(do="add_step", step=event.step, before=event.before)
        case SequenceStepRemoved():
            return Proposal(do="remove_step", number=event.number)
        case SequenceRevised():
            there, new = sequence.definition, event.definition
            if any(getattr(there, name) != getattr(new, name) for name in _AUDIENCE):
                return Proposal(do="revise", definition=new)
    return None


def _carried_out(state: Sequence, change: Proposal, **by: Any) -> Ordered[Event]:
    match change.do, change.number, change.step, change.definition:
        case "revise_step", int() as number, step, None if step is not None:
            return sequence_edits.revise_step(state, number, **_fields(step), **by)
        case "add_step", None, step, None if step is not None:
            return sequence_edits.add_step(state, before=change.before, **_fields(step), **by)
        case "remove_step", int() as number, None, None:
            return sequence_edits.remove_step(state, number=number, **by)
        case "revise", None, None, definition if definition is not None:
            return sequence_edits.revise(state, definition, **by)
    return ()


def _fields(step: Any) -> dict[str, Any]:
    """The fields of a step that somebody writes."""
    fields = msgspec.structs.asdict(step)
    del fields["content_id"]
    return fields

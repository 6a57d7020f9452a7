"""An enrollment: one lead's one journey through one sequence; active -> completed or stopped."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from domain.errors import WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following
from domain.ids import derived

Status = Literal["active", "completed", "stopped"]
StopReason = Literal["opted_out", "replied", "sequence_cancelled", "operator", "erased"]


class LeadEnrolled(Event, frozen=True, kw_only=True, gc=False):
    """The lead entered the sequence by ``trigger``, for the ``entry``-th time, from 1.

    The versions are those of lead and sequence that matched. ``steps`` is how many messages were
    scheduled.
    """

    TOPIC: ClassVar[str] = "enrollment.lead_enrolled"
    lead_id: UUID
    lead_version: int
    sequence_id: UUID
    sequence_version: int
    entry: int
    trigger: str
    steps: int


class EnrollmentCompleted(Event, frozen=True, kw_only=True, gc=False):
    """The last message has ended."""

    TOPIC: ClassVar[str] = "enrollment.completed"


class EnrollmentStopped(Event, frozen=True, kw_only=True, gc=False):
    """The messages that were not dispatched are not wanted any more, for ``reason``."""

    TOPIC: ClassVar[str] = "enrollment.stopped"
    reason: StopReason


class Enrollment(msgspec.Struct, frozen=True, kw_only=True):
    """An enrollment's state; ``reason`` says why it was stopped."""

    id: UUID
    version: int
    status: Status
    lead_id: UUID
    sequence_id: UUID
    entry: int
    steps: int
    reason: str | None = None


def enrollment_id(sequence_id: UUID, lead_id: UUID, entry: int) -> UUID:
    """The id, which follows from the three: a lead cannot make the same entry twice."""
    return derived(sequence_id, f"{lead_id}:{entry}")


def evolve(state: Enrollment | None, event: Event) -> Enrollment:
    """The enrollment after ``event``."""
    changes: dict[str, object]
    match state, event:
        case None, LeadEnrolled():
            return Enrollment(
                id=event.originator_id,
                version=1,
                status="active",
                lead_id=event.lead_id,
                sequence_id=event.sequence_id,
                entry=event.entry,
                steps=event.steps,
            )
        case Enrollment(), EnrollmentCompleted():
            changes = {"status": "completed"}
        case Enrollment(), EnrollmentStopped():
            changes = {"status": "stopped", "reason": event.reason}
        case _:
            raise ForeignEventError("an enrollment", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def enroll(
    *,
    lead_id: UUID,
    lead_version: int,
    sequence_id: UUID,
    sequence_version: int,
    entry: int,
    trigger: str,
    steps: int,
    now: datetime,
    actor: str,
) -> LeadEnrolled:
    """The lead begins its ``entry``-th journey through the sequence."""
    return first(
        LeadEnrolled,
        enrollment_id(sequence_id, lead_id, entry),
        now,
        actor,
        lead_id=lead_id,
        lead_version=lead_version,
        sequence_id=sequence_id,
        sequence_version=sequence_version,
        entry=entry,
        trigger=trigger,
        steps=steps,
    )


def complete(enrollment: Enrollment, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """The last message has ended. Raises WrongStateError unless the enrollment is active."""
    if enrollment.status != "active":
        raise WrongStateError("enrollment", enrollment.status, "complete")
    return (following(enrollment, EnrollmentCompleted, now, actor),)


def stop(
    enrollment: Enrollment, reason: StopReason, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Stop an active enrollment; nothing follows where it has ended. Whoever stops it cancels its
    messages too."""
    if enrollment.status != "active":
        return ()
    return (following(enrollment, EnrollmentStopped, now, actor, reason=reason),)

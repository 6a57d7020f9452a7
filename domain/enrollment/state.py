"""An enrollment's state, folded from its events: active -> completed or stopped.

It is completed only if every step was sent to which its branches led. Otherwise it is stopped, and
the reason says why.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.branches.table import Taken
from domain.enrollment.events import (
    EnrollmentBranched,
    EnrollmentCompleted,
    EnrollmentReplanned,
    EnrollmentStopped,
    LeadEnrolled,
)
from domain.event import Event, ForeignEventError, folder
from domain.ids import within

Status = Literal["active", "completed", "stopped"]
STATUSES: tuple[Status, ...] = ("active", "completed", "stopped")
# Somebody wished it: nothing of the enrollment goes any more, not even what is retried.


class Enrollment(msgspec.Struct, frozen=True, kw_only=True):
    """An enrollment's state; ``reason`` says why it was stopped. It is planned by the sequence at
    ``sequence_version``. ``branches`` are those that were decided, in that order."""

    id: UUID
    version: int
    status: Status
    lead_id: UUID
    sequence_id: UUID
    entry: int
    steps: int
    sequence_version: int = 1
    reason: str | None = None
    branches: tuple[Taken, ...] = ()


def enrollment_id(sequence_id: UUID, lead_id: UUID, entry: int) -> UUID:
    """The id, which follows from the three: a lead cannot make the same entry twice."""
    return within(sequence_id, lead_id, f"{lead_id}:{entry}")


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
                sequence_version=event.sequence_version,
            )
        case Enrollment(), EnrollmentReplanned():
            changes = {
                "steps": state.steps + event.added - event.removed,
                "sequence_version": event.sequence_version,
            }
        case Enrollment(), EnrollmentBranched():
            taken = Taken(step=event.step, branch=event.branch, then=event.then, at=event.at)
            changes = {"branches": (*state.branches, taken)}
        case Enrollment(), EnrollmentCompleted():
            changes = {"status": "completed"}
        case Enrollment(), EnrollmentStopped():
            changes = {"status": "stopped", "reason": event.reason}
        case _:
            raise ForeignEventError("an enrollment", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)

"""What may happen to an enrollment: state and plain values in, the events that follow out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from domain.branches.table import Taken
from domain.enrollment.endings import Unsent, is_none, why_unsent
from domain.enrollment.events import (
    EnrollmentBranched,
    EnrollmentCompleted,
    EnrollmentReplanned,
    EnrollmentStopped,
    LeadEnrolled,
    StopReason,
)
from domain.enrollment.state import Enrollment, enrollment_id
from domain.errors import WrongStateError
from domain.event import Event, first, following


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


def replan(
    enrollment: Enrollment,
    sequence_version: int,
    *,
    added: int = 0,
    removed: int = 0,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Plan an active enrollment by a later version of its sequence. Nothing follows where it has
    ended, or is planned by that version. Whoever plans it changes its messages too."""
    if enrollment.status != "active" or enrollment.sequence_version >= sequence_version:
        return ()
    changed = {"sequence_version": sequence_version, "added": added, "removed": removed}
    return (following(enrollment, EnrollmentReplanned, now, actor, **changed),)


def branch(
    enrollment: Enrollment, taken: Taken, *, now: datetime, actor: str
) -> EnrollmentBranched:
    """Go on as ``taken`` says. Whoever decides changes the messages too. Raises WrongStateError
    unless the enrollment is active and this is the first decision after the step."""
    _require_active(enrollment, "branch")
    if any(each.step == taken.step for each in enrollment.branches):
        raise WrongStateError("enrollment", f"decided after step {taken.step}", "branch")
    decided = msgspec.structs.asdict(taken)
    return following(enrollment, EnrollmentBranched, now, actor, **decided)


def end(
    enrollment: Enrollment, unsent: Iterable[Unsent], *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """The last message has ended; ``unsent`` has every step that was not sent.

    The enrollment is completed where there is none, else stopped. One that was removed from the
    sequence is no step any more, nor is one to which no branch led. A step that failed is the first
    reason, because it alone can still be sent, by a retry. Then the first unsent step says why.
    Nothing follows while a step may still be sent, or nobody knows whether it was. Raises
    WrongStateError unless the enrollment is active.
    """
    _require_active(enrollment, "end")
    reasons = [why_unsent(step) for step in sorted(unsent) if not is_none(step)]
    if None in reasons:
        return ()
    if not reasons:
        return (following(enrollment, EnrollmentCompleted, now, actor),)
    reason = "undeliverable" if "undeliverable" in reasons else reasons[0]
    return (following(enrollment, EnrollmentStopped, now, actor, reason=reason),)


def stop(
    enrollment: Enrollment, reason: StopReason, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Stop an active enrollment; nothing follows where it has ended. Whoever stops it cancels its
    messages too."""
    if enrollment.status != "active":
        return ()
    return (following(enrollment, EnrollmentStopped, now, actor, reason=reason),)


def call_off(enrollment: Enrollment, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Stop the enrollment as an operator wishes, who cancels its messages too. Raises
    WrongStateError unless it is active."""
    _require_active(enrollment, "stop")
    return stop(enrollment, "operator", now=now, actor=actor)


def _require_active(enrollment: Enrollment, wanted: str) -> None:
    if enrollment.status != "active":
        raise WrongStateError("enrollment", enrollment.status, wanted)

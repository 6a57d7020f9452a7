"""An enrollment: one lead's one journey through one sequence; active -> completed or stopped.

It is completed only if every step was sent. Otherwise it is stopped, and the reason says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple, assert_never, cast
from uuid import UUID

import msgspec

from domain.errors import WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following
from domain.ids import within
from domain.message.events import CancelReason

Status = Literal["active", "completed", "stopped"]
STATUSES: tuple[Status, ...] = ("active", "completed", "stopped")
# Somebody wished it: nothing of the enrollment goes any more, not even what is retried.
Wish = Literal[
    "opted_out", "replied", "by_hand", "merged", "sequence_cancelled", "operator", "erased"
]
StopReason = Literal[
    "opted_out",
    "replied",
    "by_hand",
    "merged",
    "sequence_cancelled",
    "operator",
    "erased",
    "undeliverable",
    "device_retired",
    "no_device",
    "expired",
    "no_consent",
]
UnsentStatus = Literal["pending", "processing", "queued", "failed", "unknown", "cancelled"]


class Unsent(NamedTuple):
    """A step, from 1, whose message is not sent: the message's status, and its reason."""

    step: int
    status: UnsentStatus
    reason: str | None


class LeadEnrolled(Event, frozen=True, kw_only=True, gc=False):
    """The lead entered the sequence by ``trigger``, for the ``entry``-th time, from 1. ``trigger``
    is empty where a person enrolled a lead that did not have it.

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


class EnrollmentReplanned(Event, frozen=True, kw_only=True, gc=False):
    """What is pending was planned anew by the sequence at ``sequence_version``. So many messages
    were ``added`` for steps that are new, and cancelled for steps that were ``removed``."""

    TOPIC: ClassVar[str] = "enrollment.replanned"
    sequence_version: int
    added: int = 0
    removed: int = 0


class EnrollmentCompleted(Event, frozen=True, kw_only=True, gc=False):
    """Every step was sent.

    Earlier versions also said so where the last message had ended and some had not been sent.
    """

    TOPIC: ClassVar[str] = "enrollment.completed"


class EnrollmentStopped(Event, frozen=True, kw_only=True, gc=False):
    """The messages that were not dispatched are not wanted any more, or the last message has ended
    and some step was not sent: ``reason`` says why."""

    TOPIC: ClassVar[str] = "enrollment.stopped"
    reason: StopReason


class Enrollment(msgspec.Struct, frozen=True, kw_only=True):
    """An enrollment's state; ``reason`` says why it was stopped. It is planned by the sequence at
    ``sequence_version``."""

    id: UUID
    version: int
    status: Status
    lead_id: UUID
    sequence_id: UUID
    entry: int
    steps: int
    sequence_version: int = 1
    reason: str | None = None


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


def end(
    enrollment: Enrollment, unsent: Iterable[Unsent], *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """The last message has ended; ``unsent`` has every step that was not sent.

    The enrollment is completed where there is none, else stopped. One that was removed from the
    sequence is no step any more. A step that failed is the first reason, because it alone can still
    be sent, by a retry. Then the first unsent step says why. Nothing follows while a step may still
    be sent, or nobody knows whether it was. Raises WrongStateError unless the enrollment is active.
    """
    _require_active(enrollment, "end")
    reasons = [_why_unsent(step) for step in sorted(unsent) if not _is_removed(step)]
    if None in reasons:
        return ()
    if not reasons:
        return (following(enrollment, EnrollmentCompleted, now, actor),)
    reason = "undeliverable" if "undeliverable" in reasons else reasons[0]
    return (following(enrollment, EnrollmentStopped, now, actor, reason=reason),)


def _is_removed(step: Unsent) -> bool:
    return step.status == "cancelled" and step.reason == "step_removed"


def _why_unsent(step: Unsent) -> StopReason | None:
    """None where the step may still be sent, or nobody knows whether it was."""
    match step.status:
        case "pending" | "processing" | "queued" | "unknown":
            return None
        case "failed":
            return "undeliverable"
        case "cancelled":
            return _why_cancelled(cast(CancelReason, step.reason))
        case never:
            assert_never(never)


def _why_cancelled(reason: CancelReason) -> StopReason:
    match reason:
        # No message of an enrollment has a campaign, and a step that was removed is none.
        case "campaign_cancelled" | "step_removed":
            return "operator"
        case (
            "opted_out"
            | "replied"
            | "by_hand"
            | "merged"
            | "sequence_cancelled"
            | "operator"
            | "erased"
            | "undeliverable"
            | "device_retired"
            | "no_device"
            | "expired"
            | "no_consent"
        ):
            return reason
        case "empty_text" | "template_variable_missing":
            return "undeliverable"
        case never:
            assert_never(never)


def wish(reason: StopReason) -> Wish | None:
    """The wish for which the enrollment was stopped; None where it ended by itself. After a wish
    nothing more is sent. After an end by itself a failed message may be retried."""
    match reason:
        case (
            "opted_out"
            | "replied"
            | "by_hand"
            | "merged"
            | "sequence_cancelled"
            | "operator"
            | "erased"
        ):
            return reason
        case "undeliverable" | "device_retired" | "no_device" | "expired" | "no_consent":
            return None
        case never:
            assert_never(never)


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

"""The events of an enrollment."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from domain.event import Event

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


class EnrollmentBranched(Event, frozen=True, kw_only=True, gc=False):
    """It was decided how the enrollment goes on after the step of the number ``step``: by the
    ``branch``, from 1, of its table, 0 where none held. ``then`` is the step that the branch leads
    to; None with a branch ends the enrollment. What follows counts from the instant ``at``."""

    TOPIC: ClassVar[str] = "enrollment.branched"
    step: int
    branch: int
    then: int | None
    at: datetime


class EnrollmentCompleted(Event, frozen=True, kw_only=True, gc=False):
    """Every step was sent, but for those of branches that were not taken.

    Earlier versions also said so where the last message had ended and some had not been sent.
    """

    TOPIC: ClassVar[str] = "enrollment.completed"


class EnrollmentStopped(Event, frozen=True, kw_only=True, gc=False):
    """The messages that were not dispatched are not wanted any more, or the last message has ended
    and some step was not sent: ``reason`` says why."""

    TOPIC: ClassVar[str] = "enrollment.stopped"
    reason: StopReason

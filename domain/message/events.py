"""The steps of a message's life. No personal data is in them: they name the lead and the version
of it that was used, and the text by the event that holds it."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from domain.event import Event

CancelReason = Literal[
    "opted_out",
    "replied",
    "expired",
    "campaign_cancelled",
    "sequence_cancelled",
    "no_device",
    "device_retired",
    "operator",
    "erased",
]
Resolution = Literal["sent", "failed", "retried"]


class MessageScheduled(Event, frozen=True, kw_only=True, gc=False):
    """Planned: ``scheduled_at`` is when it is due; past ``expires_at`` it is not wanted any more.
    It belongs to a campaign (step 0) or to a step, from 1, of an enrollment."""

    TOPIC: ClassVar[str] = "message.scheduled"
    lead_id: UUID
    lead_version: int
    device_id: UUID
    campaign_id: UUID | None = None
    sequence_id: UUID | None = None
    enrollment_id: UUID | None = None
    step: int = 0
    scheduled_at: datetime
    expires_at: datetime | None = None


class MessageClaimed(Event, frozen=True, kw_only=True, gc=False):
    """A worker holds it until ``lease_until`` and will hand it over at ``send_at``, which is on
    ``slot_day`` in the device's time zone. The gateway has not been called."""

    TOPIC: ClassVar[str] = "message.claimed"
    worker: str
    send_at: datetime
    slot_day: date
    lease_until: datetime


class MessageReleased(Event, frozen=True, kw_only=True, gc=False):
    """Back to pending; the gateway has not been called."""

    TOPIC: ClassVar[str] = "message.released"
    reason: str


class MessageQueued(Event, frozen=True, kw_only=True, gc=False):
    """Committed before the gateway is called: from here on nobody else may send it. The SHA-256 is
    of the text rendered from that content and that version of the lead."""

    TOPIC: ClassVar[str] = "message.queued"
    content_id: str
    lead_version: int
    body_sha256: str


class MessageSent(Event, frozen=True, kw_only=True, gc=False):
    """The gateway accepted it under ``provider_id``."""

    TOPIC: ClassVar[str] = "message.sent"
    provider_id: str


class MessageFailed(Event, frozen=True, kw_only=True, gc=False):
    """A definite no: the provider's ``code``, and what it means."""

    TOPIC: ClassVar[str] = "message.failed"
    code: str
    reason: str


class MessageDeferred(Event, frozen=True, kw_only=True, gc=False):
    """Surely not accepted; tried again at ``retry_at``. ``attempt`` counts hand-overs."""

    TOPIC: ClassVar[str] = "message.deferred"
    retry_at: datetime
    reason: str
    attempt: int


class MessageOutcomeUnknown(Event, frozen=True, kw_only=True, gc=False):
    """Handed over, and no answer: it may have been sent. Never sent again unasked."""

    TOPIC: ClassVar[str] = "message.outcome_unknown"
    reason: str


class MessageResolved(Event, frozen=True, kw_only=True, gc=False):
    """A receipt or an operator says what became of an unknown one."""

    TOPIC: ClassVar[str] = "message.resolved"
    resolution: Resolution
    reason: str
    provider_id: str | None = None


class MessageCancelled(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "message.cancelled"
    reason: CancelReason


class MessageRetried(Event, frozen=True, kw_only=True, gc=False):
    """An operator wants a failed one sent again: due at once."""

    TOPIC: ClassVar[str] = "message.retried"


class MessageDelivered(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "message.delivered"


class MessageRead(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "message.read"

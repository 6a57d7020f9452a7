"""The events of a message. They hold no personal data: they name the lead, the version of the lead
that was used, and the content by its id."""

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
    "by_hand",
    "undeliverable",
    "merged",
    "empty_text",
    "template_variable_missing",
    "step_removed",
    "no_consent",
    "branch_not_taken",
]
Resolution = Literal["sent", "failed", "retried"]
# Why a message is sent later than it was planned.
LaterReason = Literal["window", "previous_step", "frequency_cap", "revised", "branch"]


class MessageScheduled(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The message is planned, for a campaign (step 0), for a step, from 1, of an enrollment, or,
    where none of these is named, because somebody wrote it: ``lead.message_composed`` has the text.

    ``lead_version`` is the version that matched. The message is due at ``scheduled_at``, and is not
    wanted any more from ``expires_at`` on. Whether it goes is ``decided_by`` the branches of the
    step of that number, unless that is 0.
    """

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
    decided_by: int = 0


class MessageClaimed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """``worker`` holds the message until ``lease_until``. It will dispatch it at ``send_at``, which
    is on ``slot_day`` in the device's time zone. The gateway has not been called.

    ``slot_epoch`` counts how often the device's pace was planned anew, because a clock had been
    ahead: slots of a later epoch come after all those of an earlier one.
    """

    TOPIC: ClassVar[str] = "message.claimed"
    worker: str
    send_at: datetime
    slot_day: date
    lease_until: datetime
    slot_epoch: int = 0


class MessageReleased(Event, frozen=True, kw_only=True, gc=False):
    """The message is pending again, for ``reason``; the gateway has not been called."""

    TOPIC: ClassVar[str] = "message.released"
    reason: str


class MessageQueued(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The message is dispatched. The event is committed before the gateway is called: from here on
    nobody else may send the message.

    ``body_sha256`` is the digest of the content named ``content_id``, rendered with the lead of
    ``lead_version``: an HMAC-SHA256 under the lead's digest key if it is ``keyed``, else a plain
    SHA-256. ``dispatch_epoch`` counts how often the device's pace was kept anew, because
    a clock had been ahead: dispatches of a later epoch come after all those of an earlier one.
    """

    TOPIC: ClassVar[str] = "message.queued"
    content_id: str
    lead_version: int
    body_sha256: str
    dispatch_epoch: int = 0
    keyed: bool = False


class MessageSent(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The gateway accepted it under ``provider_id``; a receipt of ``device_id`` said so, if it was
    one."""

    TOPIC: ClassVar[str] = "message.sent"
    provider_id: str
    device_id: UUID | None = None


class MessageFailed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The message was not sent, and surely will not be: the provider's ``code``, or one of our own,
    and what it means. A receipt of ``device_id`` said so, if it was one."""

    TOPIC: ClassVar[str] = "message.failed"
    code: str
    reason: str
    device_id: UUID | None = None


class MessageDeferred(Event, frozen=True, kw_only=True, gc=False):
    """The gateway surely did not accept the message, for ``reason``. It is due again at
    ``retry_at``. ``attempt`` is how often it was dispatched."""

    TOPIC: ClassVar[str] = "message.deferred"
    retry_at: datetime
    reason: str
    attempt: int


class MessageOutcomeUnknown(Event, frozen=True, kw_only=True, gc=False):
    """The message was dispatched and no answer came, for ``reason``. It may have been sent, so that
    it is sent again only where an operator says so."""

    TOPIC: ClassVar[str] = "message.outcome_unknown"
    reason: str


class MessageResolved(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A late answer, a receipt of ``device_id`` or an operator said what became of an unknown
    message: it was sent (under ``provider_id``), it failed, or it is to be sent again."""

    TOPIC: ClassVar[str] = "message.resolved"
    resolution: Resolution
    reason: str
    provider_id: str | None = None
    device_id: UUID | None = None


class MessageCancelled(Event, frozen=True, kw_only=True, gc=False):
    """The message will not be sent, for ``reason``; no gateway has accepted it."""

    TOPIC: ClassVar[str] = "message.cancelled"
    reason: CancelReason


class MessageRescheduled(Event, frozen=True, kw_only=True, gc=False):
    """The message is due at ``scheduled_at`` now, for ``reason``. It is pending, whoever held it;
    the gateway has not been called. If it is for a ``branch``, it was
    decided that the message goes."""

    TOPIC: ClassVar[str] = "message.rescheduled"
    scheduled_at: datetime
    reason: LaterReason


class MessageMoved(Event, frozen=True, kw_only=True, gc=False):
    """Another device, ``device_id``, writes the message; it was and is pending."""

    TOPIC: ClassVar[str] = "message.moved"
    device_id: UUID


class MessageRetried(Event, frozen=True, kw_only=True, gc=False):
    """An operator wants a failed message sent again: it is pending, and due at once."""

    TOPIC: ClassVar[str] = "message.retried"


class MessageDelivered(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The message reached the lead's phone, said a receipt of ``device_id``."""

    TOPIC: ClassVar[str] = "message.delivered"
    device_id: UUID | None = None


class MessageRead(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The lead read the message, said a receipt of ``device_id``."""

    TOPIC: ClassVar[str] = "message.read"
    device_id: UUID | None = None

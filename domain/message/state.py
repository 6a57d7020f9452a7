"""A message's state, folded from its events.

pending -> processing (leased) -> queued (dispatched) -> sent | failed | unknown, or cancelled;
back to pending when released, deferred, retried or resolved as retried.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.event import Event, ForeignEventError, folder
from domain.ids import of_moment
from domain.message.events import (
    MessageCancelled,
    MessageClaimed,
    MessageDeferred,
    MessageDelivered,
    MessageFailed,
    MessageMoved,
    MessageOutcomeUnknown,
    MessageQueued,
    MessageRead,
    MessageReleased,
    MessageRescheduled,
    MessageResolved,
    MessageRetried,
    MessageScheduled,
    MessageSent,
)

Status = Literal["pending", "processing", "queued", "sent", "failed", "unknown", "cancelled"]
STATUSES: tuple[Status, ...] = (
    "pending",
    "processing",
    "queued",
    "sent",
    "failed",
    "unknown",
    "cancelled",
)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message's state, with the same fields as a row of ``broadcast_messages``.

    ``attempt`` counts dispatches since the message was scheduled or retried. ``reason`` says why it
    failed (the provider's code), was cancelled, deferred, rescheduled or released, or is unknown.
    ``planned_at`` is ``scheduled_at`` as it was at first.
    ``answered_at`` is when the latest call of the gateway was over, whatever came of it.
    ``decided_by`` is the number of the step whose branches say whether a pending message goes, 0 if
    it does.
    """

    id: UUID
    version: int
    status: Status
    lead_id: UUID
    device_id: UUID
    campaign_id: UUID | None = None
    sequence_id: UUID | None = None
    enrollment_id: UUID | None = None
    step: int = 0
    scheduled_at: datetime
    planned_at: datetime
    expires_at: datetime | None = None
    retry_at: datetime | None = None
    send_at: datetime | None = None
    slot_day: date | None = None
    worker: str | None = None
    lease_until: datetime | None = None
    attempt: int = 0
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None
    provider_id: str | None = None
    reason: str | None = None
    content_id: str | None = None
    body_sha256: str | None = None
    decided_by: int = 0


class InHand(msgspec.Struct, frozen=True):
    """As much of a message's state as the worker that holds it needs for a decision."""

    id: UUID
    version: int
    status: Status
    attempt: int


Known = Message | InHand


class Origin(msgspec.Struct, frozen=True, gc=False):
    """What a message is for: its lead, and a campaign, whose messages have step 0, or a step of an
    enrollment. There is one message for each. One that somebody wrote is for nothing but itself:
    ``owner_id`` is its own. The ids are text, as they were read.

    The id of a message says when it was planned. One that was lost and planned anew has another id,
    and the same origin.
    """

    lead_id: str
    owner_id: str
    step: int


def campaign_message_id(campaign_id: UUID, scheduled_at: datetime, lead_id: UUID) -> UUID:
    """The id, which follows from the three: a campaign cannot message a lead twice.
    ``scheduled_at`` is the campaign's."""
    return of_moment(scheduled_at, lead_id, campaign_id.bytes + lead_id.bytes)


def step_message_id(enrollment_id: UUID, enrolled_at: datetime, lead_id: UUID, step: int) -> UUID:
    """The id, which follows from the four: an enrollment cannot send a step twice."""
    return of_moment(enrolled_at, lead_id, enrollment_id.bytes + step.to_bytes(4))


def composed_message_id(at: datetime, lead_id: UUID, version: int) -> UUID:
    """The id of a message that somebody wrote to one lead at the instant ``at``: ``version`` is
    that of the lead's event with the text."""
    return of_moment(at, lead_id, lead_id.bytes + version.to_bytes(8))


_UNLEASED = {"worker": None, "lease_until": None, "send_at": None, "slot_day": None}


def evolve(state: Message | None, event: Event) -> Message:
    """The message after ``event``."""
    at = event.timestamp
    changes: dict[str, object]
    match state, event:
        case None, MessageScheduled():
            return Message(
                id=event.originator_id,
                version=1,
                status="pending",
                lead_id=event.lead_id,
                device_id=event.device_id,
                campaign_id=event.campaign_id,
                sequence_id=event.sequence_id,
                enrollment_id=event.enrollment_id,
                step=event.step,
                scheduled_at=event.scheduled_at,
                planned_at=event.scheduled_at,
                expires_at=event.expires_at,
                decided_by=event.decided_by,
            )
        case Message(), MessageClaimed():
            changes = {
                "status": "processing",
                "worker": event.worker,
                "send_at": event.send_at,
                "slot_day": event.slot_day,
                "lease_until": event.lease_until,
            }
        case Message(), MessageReleased():
            changes = {"status": "pending", "reason": event.reason, **_UNLEASED}
        case Message(), MessageQueued():
            changes = {
                "status": "queued",
                "queued_at": at,
                "answered_at": None,
                "attempt": state.attempt + 1,
                "content_id": event.content_id,
                "body_sha256": event.body_sha256,
            }
        case Message(), MessageSent():
            changes = {
                "status": "sent",
                "answered_at": at,
                "sent_at": at,
                "provider_id": event.provider_id,
                "reason": None,
            }
        case Message(), MessageFailed():
            changes = {
                "status": "failed",
                "answered_at": at,
                "failed_at": at,
                "reason": event.code,
            }
        case Message(), MessageDeferred():
            changes = {
                "status": "pending",
                "answered_at": at,
                "retry_at": event.retry_at,
                "reason": event.reason,
                **_UNLEASED,
            }
        case Message(), MessageRescheduled():
            changes = {
                "status": "pending",
                "scheduled_at": event.scheduled_at,
                "retry_at": None,
                "reason": event.reason,
                "decided_by": 0 if event.reason == "branch" else state.decided_by,
                **_UNLEASED,
            }
        case Message(), MessageMoved():
            changes = {"device_id": event.device_id}
        case Message(), MessageOutcomeUnknown():
            changes = {"status": "unknown", "answered_at": at, "reason": event.reason}
        case Message(), MessageResolved(resolution="sent"):
            changes = {
                "status": "sent",
                "sent_at": at,
                "provider_id": event.provider_id,
                "reason": event.reason,
            }
        case Message(), MessageResolved(resolution="failed"):
            changes = {"status": "failed", "failed_at": at, "reason": event.reason}
        case Message(), MessageResolved() | MessageRetried():
            changes = {
                "status": "pending",
                "retry_at": at,
                "reason": None,
                "attempt": 0,
                **_UNLEASED,
            }
        case Message(), MessageCancelled():
            changes = {"status": "cancelled", "reason": event.reason, "decided_by": 0, **_UNLEASED}
        case Message(), MessageDelivered():
            changes = {"delivered_at": at}
        case Message(), MessageRead():
            changes = {"read_at": at}
        case _:
            raise ForeignEventError("a message", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)

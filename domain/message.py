"""A message: one content to one lead through one device.

pending -> processing (leased) -> queued (handed over) -> sent | failed | unknown, or cancelled;
back to pending when released or deferred. The events are in ``message_events.py``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain import tokens
from domain.errors import WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following
from domain.ids import derived
from domain.message_events import (
    CancelReason,
    MessageCancelled,
    MessageClaimed,
    MessageDeferred,
    MessageDelivered,
    MessageFailed,
    MessageOutcomeUnknown,
    MessageQueued,
    MessageRead,
    MessageReleased,
    MessageResolved,
    MessageRetried,
    MessageScheduled,
    MessageSent,
    Resolution,
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
    """A message's state, the same fields as a row of ``broadcast_messages``.

    ``attempt`` counts hand-overs since it was scheduled or retried. ``reason`` says why it failed
    (the provider's code), was cancelled, deferred or released, or is unknown. ``answered_at`` is
    when the latest call of the gateway was over, whatever came of it.
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


class InHand(msgspec.Struct, frozen=True):
    """As much of a message's state as whoever holds it needs to decide what comes next."""

    id: UUID
    version: int
    status: Status
    attempt: int


Known = Message | InHand


def campaign_message_id(campaign_id: UUID, lead_id: UUID) -> UUID:
    """A campaign cannot message a lead twice: the id follows from the two."""
    return derived(campaign_id, str(lead_id))


def step_message_id(enrollment_id: UUID, step: int) -> UUID:
    """An enrollment cannot send a step twice: the id follows from the two."""
    return derived(enrollment_id, str(step))


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
                expires_at=event.expires_at,
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
            changes = {"status": "cancelled", "reason": event.reason, **_UNLEASED}
        case Message(), MessageDelivered():
            changes = {"delivered_at": at}
        case Message(), MessageRead():
            changes = {"read_at": at}
        case _:
            raise ForeignEventError("a message", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def schedule_for_campaign(
    campaign_id: UUID,
    lead_id: UUID,
    lead_version: int,
    device_id: UUID,
    scheduled_at: datetime,
    expires_at: datetime | None,
    *,
    now: datetime,
    actor: str,
) -> MessageScheduled:
    return first(
        MessageScheduled,
        campaign_message_id(campaign_id, lead_id),
        now,
        actor,
        lead_id=lead_id,
        lead_version=lead_version,
        device_id=device_id,
        campaign_id=campaign_id,
        scheduled_at=scheduled_at,
        expires_at=expires_at,
    )


def schedule_for_step(
    enrollment_id: UUID,
    sequence_id: UUID,
    step: int,
    lead_id: UUID,
    lead_version: int,
    device_id: UUID,
    scheduled_at: datetime,
    *,
    now: datetime,
    actor: str,
) -> MessageScheduled:
    return first(
        MessageScheduled,
        step_message_id(enrollment_id, step),
        now,
        actor,
        lead_id=lead_id,
        lead_version=lead_version,
        device_id=device_id,
        sequence_id=sequence_id,
        enrollment_id=enrollment_id,
        step=step,
        scheduled_at=scheduled_at,
    )


def claim(
    message: Known,
    worker: str,
    send_at: datetime,
    slot_day: date,
    lease_until: datetime,
    *,
    now: datetime,
    actor: str,
) -> MessageClaimed:
    """``worker`` will hand it over at ``send_at``, on the device's ``slot_day``, and holds it until
    ``lease_until``."""
    _require(message, "claim", "pending")
    return following(
        message,
        MessageClaimed,
        now,
        actor,
        worker=worker,
        send_at=send_at,
        slot_day=slot_day,
        lease_until=lease_until,
    )


def release(message: Known, reason: str, *, now: datetime, actor: str) -> MessageReleased:
    """Gives up a lease; safe, because the gateway has not been called."""
    _require(message, "release", "processing")
    return following(message, MessageReleased, now, actor, reason=reason)


def hand_over(
    message: Known,
    content_id: str,
    lead_version: int,
    body_sha256: str,
    *,
    now: datetime,
    actor: str,
) -> MessageQueued:
    """Must be committed before the gateway is called."""
    _require(message, "hand over", "processing")
    return following(
        message,
        MessageQueued,
        now,
        actor,
        content_id=content_id,
        lead_version=lead_version,
        body_sha256=body_sha256,
    )


def confirm_sent(
    message: Known, provider_id: str, *, now: datetime, actor: str
) -> MessageSent | MessageResolved:
    """The gateway accepted it; an answer that comes after it was given up settles it."""
    _require(message, "confirm", "queued", "unknown")
    if message.status == "unknown":
        return resolve(message, "sent", "late answer", provider_id, now=now, actor=actor)
    provider_id = tokens.cleaned(provider_id, 500)
    return following(message, MessageSent, now, actor, provider_id=provider_id)


def fail(
    message: Known, code: str, reason: str, *, now: datetime, actor: str
) -> MessageFailed | MessageResolved:
    """A definite rejection; before the hand-over too, where it can never be rendered or sent."""
    _require(message, "fail", "processing", "queued", "unknown")
    if message.status == "unknown":
        return resolve(message, "failed", code, now=now, actor=actor)
    code, reason = tokens.cleaned(code, 200), tokens.cleaned(reason, 500)
    return following(message, MessageFailed, now, actor, code=code, reason=reason)


def defer(
    message: Known,
    retry_at: datetime,
    reason: str,
    max_attempts: int,
    *,
    now: datetime,
    actor: str,
) -> MessageDeferred | MessageFailed:
    """Surely not accepted: later, or, after ``max_attempts`` hand-overs, failed."""
    _require(message, "defer", "queued")
    if message.attempt >= max_attempts:
        return following(
            message,
            MessageFailed,
            now,
            actor,
            code="max_attempts",
            reason=f"{reason}, {message.attempt} times",
        )
    return following(
        message,
        MessageDeferred,
        now,
        actor,
        retry_at=retry_at,
        reason=reason,
        attempt=message.attempt,
    )


def lose_track(message: Known, reason: str, *, now: datetime, actor: str) -> MessageOutcomeUnknown:
    """Handed over, and no answer came."""
    _require(message, "give up", "queued")
    return following(message, MessageOutcomeUnknown, now, actor, reason=reason)


def resolve(
    message: Known,
    resolution: Resolution,
    reason: str,
    provider_id: str | None = None,
    *,
    now: datetime,
    actor: str,
) -> MessageResolved:
    """Settles an unknown outcome: it was sent, it was not (failed), or send it again (retried)."""
    _require(message, "resolve", "unknown")
    return following(
        message,
        MessageResolved,
        now,
        actor,
        resolution=resolution,
        reason=tokens.cleaned(reason, 500),
        provider_id=provider_id if provider_id is None else tokens.cleaned(provider_id, 500),
    )


def cancel(message: Known, reason: CancelReason, *, now: datetime, actor: str) -> MessageCancelled:
    """Decides not to send, which is possible until the hand-over."""
    _require(message, "cancel", "pending", "processing")
    return following(message, MessageCancelled, now, actor, reason=reason)


def retry(message: Known, *, now: datetime, actor: str) -> MessageRetried:
    """An operator sends a failed message again. An unknown one is resolved instead."""
    _require(message, "retry", "failed")
    return following(message, MessageRetried, now, actor)


def _require(message: Known, wanted: str, *allowed: Status) -> None:
    if message.status not in allowed:
        raise WrongStateError("message", message.status, wanted)

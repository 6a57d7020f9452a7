"""What may happen to a message: state and plain values in, the event that follows out.

The three decisions of every message (claim, dispatch, confirm) write their event out:
``following`` passes its fields on through two dictionaries, which takes longer than all else that
they do.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from domain import values
from domain.errors import WrongStateError
from domain.event import first, following
from domain.message.events import (
    CancelReason,
    MessageCancelled,
    MessageClaimed,
    MessageDeferred,
    MessageFailed,
    MessageOutcomeUnknown,
    MessageQueued,
    MessageReleased,
    MessageResolved,
    MessageRetried,
    MessageScheduled,
    MessageSent,
    Resolution,
)
from domain.message.state import Known, Status, campaign_message_id, step_message_id


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
    return MessageClaimed(
        originator_id=message.id,
        originator_version=message.version + 1,
        timestamp=now,
        actor=actor,
        worker=worker,
        send_at=send_at,
        slot_day=slot_day,
        lease_until=lease_until,
    )


def release(message: Known, reason: str, *, now: datetime, actor: str) -> MessageReleased:
    """Gives up a lease; safe, because the gateway has not been called."""
    _require(message, "release", "processing")
    return following(message, MessageReleased, now, actor, reason=reason)


def dispatch(
    message: Known,
    content_id: str,
    lead_version: int,
    body_sha256: str,
    *,
    now: datetime,
    actor: str,
) -> MessageQueued:
    """Must be committed before the gateway is called."""
    _require(message, "dispatch", "processing")
    return MessageQueued(
        originator_id=message.id,
        originator_version=message.version + 1,
        timestamp=now,
        actor=actor,
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
    provider_id = values.cleaned(provider_id, 500)
    return MessageSent(
        originator_id=message.id,
        originator_version=message.version + 1,
        timestamp=now,
        actor=actor,
        provider_id=provider_id,
    )


def fail(
    message: Known, code: str, reason: str, *, now: datetime, actor: str
) -> MessageFailed | MessageResolved:
    """A definite rejection; before the hand-over too, where it can never be rendered or sent."""
    _require(message, "fail", "processing", "queued", "unknown")
    if message.status == "unknown":
        return resolve(message, "failed", code, now=now, actor=actor)
    code, reason = values.cleaned(code, 200), values.cleaned(reason, 500)
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
        reason=values.cleaned(reason, 500),
        provider_id=provider_id if provider_id is None else values.cleaned(provider_id, 500),
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

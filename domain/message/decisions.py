"""What may happen to a message: state and plain values in, the event that follows out.

A decision raises WrongStateError in any status but those that it names. The three decisions of
every message (claim, dispatch, confirm) write their event out: ``following`` passes its fields on
through two dictionaries, which takes longer than everything else that they do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from domain import values
from domain.errors import WrongStateError
from domain.event import following
from domain.message.events import (
    CancelReason,
    LaterReason,
    MessageCancelled,
    MessageClaimed,
    MessageDeferred,
    MessageFailed,
    MessageMoved,
    MessageOutcomeUnknown,
    MessageQueued,
    MessageReleased,
    MessageRescheduled,
    MessageResolved,
    MessageRetried,
    MessageSent,
    Resolution,
)
from domain.message.state import Known, Message, Status


def claim(
    message: Known,
    worker: str,
    send_at: datetime,
    slot_day: date,
    lease_until: datetime,
    slot_epoch: int = 0,
    *,
    now: datetime,
    actor: str,
) -> MessageClaimed:
    """Give a pending message to ``worker`` until ``lease_until``, to be dispatched at ``send_at``,
    which is on ``slot_day`` in the device's time zone, and of the device's ``slot_epoch``."""
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
        slot_epoch=slot_epoch,
    )


def release(message: Known, reason: str, *, now: datetime, actor: str) -> MessageReleased:
    """End the lease of a processing message, which goes back to pending. That is safe, because the
    gateway has not been called."""
    _require(message, "release", "processing")
    return following(message, MessageReleased, now, actor, reason=reason)


def dispatch(
    message: Known,
    content_id: str,
    lead_version: int,
    body_sha256: str,
    dispatch_epoch: int = 0,
    *,
    keyed: bool = False,
    now: datetime,
    actor: str,
) -> MessageQueued:
    """Dispatch a processing message. The event must be committed before the gateway is called.

    ``body_sha256`` is the digest of what is sent: the content, rendered with the lead of
    ``lead_version``; ``keyed`` says whether the lead's digest key made it. ``dispatch_epoch`` is
    the device's.
    """
    _require(message, "dispatch", "processing")
    return MessageQueued(
        originator_id=message.id,
        originator_version=message.version + 1,
        timestamp=now,
        actor=actor,
        content_id=content_id,
        lead_version=lead_version,
        body_sha256=body_sha256,
        dispatch_epoch=dispatch_epoch,
        keyed=keyed,
    )


def confirm_sent(
    message: Known, provider_id: str, *, now: datetime, actor: str
) -> MessageSent | MessageResolved:
    """The gateway accepted a queued message as ``provider_id``. An unknown one is resolved: its
    answer came after the wait for it had ended."""
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
    """The gateway surely rejected a queued message, or a processing one can never be dispatched. An
    unknown one is resolved."""
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
    """The gateway surely did not accept a queued message. It is due again at ``retry_at``, but
    failed after ``max_attempts`` dispatches."""
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
    """No answer came for a queued message: its outcome is unknown."""
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
    """Settle an unknown outcome: the message was sent, it failed, or it is to be sent again
    (``retried``). ``provider_id`` is the provider's of a message that was sent, if it is known."""
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
    """Give up a message that is pending or processing; one that is dispatched cannot be."""
    _require(message, "cancel", "pending", "processing")
    return following(message, MessageCancelled, now, actor, reason=reason)


def reschedule(
    message: Known, scheduled_at: datetime, reason: LaterReason, *, now: datetime, actor: str
) -> MessageRescheduled:
    """Send a message at ``scheduled_at``, and not when it was planned. One that is processing goes
    back to pending: the gateway has not been called."""
    _require(message, "reschedule", "pending", "processing")
    moved = {"scheduled_at": scheduled_at, "reason": reason}
    return following(message, MessageRescheduled, now, actor, **moved)


def look_again(
    messages: Iterable[Message], *, now: datetime, actor: str
) -> list[MessageRescheduled]:
    """Let those that wait for a window be due now: another may be open. The next claim says of each
    where it has to wait still."""
    return [
        reschedule(each, now, "revised", now=now, actor=actor)
        for each in messages
        if each.status == "pending" and each.reason == "window"
    ]


def move(message: Known, device_id: UUID, *, now: datetime, actor: str) -> MessageMoved:
    """Let another device write a pending message."""
    _require(message, "move", "pending")
    return following(message, MessageMoved, now, actor, device_id=device_id)


def retry(message: Known, *, now: datetime, actor: str) -> MessageRetried:
    """Send a failed message again, as an operator wishes. An unknown one is resolved instead."""
    _require(message, "retry", "failed")
    return following(message, MessageRetried, now, actor)


def _require(message: Known, wanted: str, *allowed: Status) -> None:
    if message.status not in allowed:
        raise WrongStateError("message", message.status, wanted)

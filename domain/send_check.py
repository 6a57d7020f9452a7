"""The send check, in the transaction of the dispatch: is the message still wanted, and may it go
now?"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from domain.enrollment import StopReason, wish
from domain.message.events import CancelReason


class Cancel(NamedTuple):
    """The message must never be sent."""

    reason: CancelReason


class Release(NamedTuple):
    """The message must wait: it goes back to pending."""

    reason: str


class SendContext(NamedTuple):
    """What a message depends on besides itself, as it is now.

    The owner is the message's campaign or sequence. ``stopped_because`` is why the enrollment was
    stopped, None where it was not or where there is none: only a wish stands against a message,
    because after an end by itself an operator may retry one. ``expires_at`` is the campaign's.
    ``leaves_device`` says that what waits on the device, which is retired, moves to another.
    ``step_removed`` says that the sequence does not have the message's step any more.
    ``lacks_consent`` says that the owner requires a consent which the person does not give.
    """

    opted_out: bool
    device_status: str
    owner_status: str
    sequence_stopped: bool
    stopped_because: StopReason | None
    expires_at: datetime | None
    leaves_device: bool = False
    step_removed: bool = False
    lacks_consent: bool = False


def check(context: SendContext, now: datetime) -> Cancel | Release | None:
    """None lets the message be dispatched. A person's own wish is the first reason, and what can
    never be sent comes before what must wait."""
    if context.opted_out:
        return Cancel("opted_out")
    if context.stopped_because is not None and (wished := wish(context.stopped_because)):
        return Cancel(wished)
    if context.lacks_consent:
        return Cancel("no_consent")
    if context.owner_status == "cancelled":
        return Cancel("campaign_cancelled")
    if context.sequence_stopped:
        return Cancel("sequence_cancelled")
    if context.step_removed:
        return Cancel("step_removed")
    if context.device_status == "retired" and not context.leaves_device:
        return Cancel("device_retired")
    if context.expires_at is not None and context.expires_at <= now:
        return Cancel("expired")
    if context.owner_status == "paused":
        return Release("paused")
    if context.device_status != "online":
        return Release(f"device {context.device_status}")
    return None

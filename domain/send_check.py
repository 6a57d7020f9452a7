"""The last look before a message is handed over: is it still wanted, and may it go now?"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from domain.enrollment import StopReason
from domain.message.events import CancelReason


class Cancel(NamedTuple):
    """It must not be sent any more."""

    reason: CancelReason


class Release(NamedTuple):
    """Not now: back to pending."""

    reason: str


class Surroundings(NamedTuple):
    """What a message depends on besides itself, as it is now; ``stopped_because`` is why its
    enrollment was stopped, if it was."""

    opted_out: bool
    device_status: str
    owner_status: str
    sequence_stopped: bool
    stopped_because: StopReason | None
    expires_at: datetime | None


def last_look(around: Surroundings, now: datetime) -> Cancel | Release | None:
    """None says: hand it over. A person's own wish comes before any other reason."""
    if around.opted_out:
        return Cancel("opted_out")
    if around.stopped_because is not None:
        return Cancel(around.stopped_because)
    if around.owner_status == "cancelled":
        return Cancel("campaign_cancelled")
    if around.sequence_stopped:
        return Cancel("sequence_cancelled")
    if around.device_status == "retired":
        return Cancel("device_retired")
    if around.expires_at is not None and around.expires_at <= now:
        return Cancel("expired")
    if around.owner_status == "paused":
        return Release("paused")
    if around.device_status != "online":
        return Release("device offline")
    return None

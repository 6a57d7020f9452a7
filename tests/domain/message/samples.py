"""One campaign message in each status, event by event."""

from __future__ import annotations

from domain import message
from domain.event import Event
from domain.message import Message
from domain.message.events import (
    MessageCancelled,
    MessageClaimed,
    MessageFailed,
    MessageOutcomeUnknown,
    MessageQueued,
    MessageScheduled,
    MessageSent,
)
from tests.support.samples import CAMPAIGN, DEVICE, LEAD, event, utc

DUE = utc(2026, 3, 1, 9, 0)
SLOT = utc(2026, 3, 1, 9, 0, 10)
LEASE = utc(2026, 3, 1, 9, 1, 10)
SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
CONTENT = f"{CAMPAIGN}:1:0"

SCHEDULED = event(
    MessageScheduled,
    1,
    lead_id=LEAD,
    lead_version=7,
    device_id=DEVICE,
    campaign_id=CAMPAIGN,
    scheduled_at=DUE,
)
CLAIMED = event(
    MessageClaimed, 2, worker="broadcaster:1", send_at=SLOT, slot_day=SLOT.date(), lease_until=LEASE
)
QUEUED = event(MessageQueued, 3, at=SLOT, content_id=CONTENT, lead_version=8, body_sha256=SHA256)
SENT = event(MessageSent, 4, at=SLOT, provider_id="wamid.1")
FAILED = event(MessageFailed, 4, at=SLOT, code="131026", reason="not on WhatsApp")
UNKNOWN = event(MessageOutcomeUnknown, 4, at=SLOT, reason="timeout")
CANCELLED = event(MessageCancelled, 2, reason="operator")

STREAMS: dict[str, tuple[Event, ...]] = {
    "pending": (SCHEDULED,),
    "processing": (SCHEDULED, CLAIMED),
    "queued": (SCHEDULED, CLAIMED, QUEUED),
    "sent": (SCHEDULED, CLAIMED, QUEUED, SENT),
    "failed": (SCHEDULED, CLAIMED, QUEUED, FAILED),
    "unknown": (SCHEDULED, CLAIMED, QUEUED, UNKNOWN),
    "cancelled": (SCHEDULED, CANCELLED),
}


def given(*events: Event) -> Message:
    """The message after these events."""
    state = message.fold(None, events)
    assert state is not None
    return state


def given_a(status: str) -> Message:
    """The message in that status."""
    return given(*STREAMS[status])

"""A test: one message that a person sends to a phone of their choice, to see what comes of it.

It goes at once and outside the queue, and it keeps the pace and the daily limit of its device like
any message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from domain import frequency, pacing, values
from domain.content import Content
from domain.device import Device, require_in_service
from domain.errors import ThrottledError
from domain.event import following
from domain.pacing import LastDispatch
from domain.trial_events import DeviceTestBegun, DeviceTested

TestOutcome = Literal["accepted", "rejected", "throttled", "unreachable", "unknown"]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A test as a gateway gets it. ``phone`` is in E.164, ``wa_id`` what WhatsApp calls the same
    person, where that is known. ``content`` is rendered. ``settings`` and ``credentials`` are the
    device's."""

    test_id: UUID
    device_id: UUID
    gateway: str
    settings: dict[str, Any]
    credentials: Mapping[str, str]
    phone: str
    wa_id: str | None
    content: Content

    def __repr__(self) -> str:
        # Neither phone nor text nor credentials get into a log or a traceback.
        return f"<test {self.test_id}>"


class TrialResult(NamedTuple):
    """What the gateway answered: ``provider_id`` of what was accepted, the provider's ``code`` of
    what was rejected, and a ``reason`` in words. ``retry_after`` is in seconds."""

    outcome: TestOutcome
    code: str | None = None
    reason: str | None = None
    provider_id: str | None = None
    retry_after: float | None = None

    @property
    def detail(self) -> str:
        """The one thing that the log keeps of it."""
        return self.provider_id or self.code or self.reason or ""


class DayUse(NamedTuple):
    """How many messages the device may send today, None for any number, and has sent."""

    limit: int | None
    used: int


def ending(phone: str) -> str:
    """What the log keeps of the phone: enough to know one's own again, not enough to find anybody
    else's."""
    return f"…{phone[-2:]}"


def begin(
    device: Device,
    test_id: UUID,
    phone: str,
    last: LastDispatch,
    use: DayUse,
    patience: timedelta,
    campaign_id: UUID | None = None,
    *,
    now: datetime,
    actor: str,
) -> DeviceTestBegun:
    """Take the device's turn for a test. ``last`` is its latest dispatch, whose call is surely over
    after ``patience``. Raises ThrottledError while it may not send."""
    require_in_service(device, "test")
    zone = values.zone(device.configuration.timezone)
    if use.limit is not None and use.used >= use.limit:
        raise ThrottledError(frequency.next_midnight(now, zone))
    pause = timedelta(seconds=device.configuration.min_delay_seconds)
    if pause and (free_at := pacing.free_at(last, pause, patience, now)) > now:
        raise ThrottledError(free_at)
    return following(
        device,
        DeviceTestBegun,
        now,
        actor,
        test_id=test_id,
        slot_day=now.astimezone(zone).date(),
        recipient=ending(phone),
        dispatch_epoch=last.next_epoch(now),
        campaign_id=campaign_id,
    )


def end(
    device: Device, begun: DeviceTestBegun, result: TrialResult, *, now: datetime, actor: str
) -> DeviceTested:
    """Note what came of a test, whatever became of the device meanwhile."""
    return following(
        device,
        DeviceTested,
        now,
        actor,
        outcome=result.outcome,
        detail=values.cleaned(result.detail, 500),
        test_id=begun.test_id,
        slot_day=begun.slot_day,
    )

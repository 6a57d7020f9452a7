"""The events of a test: one message that a person sends through a device, outside the queue."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID

from domain.event import Event


class DeviceTestBegun(Event, frozen=True, kw_only=True, gc=False):
    """A person sends the test ``test_id`` through the device, which takes a turn of its pace and
    one of what it may send on ``slot_day``, a day of its time zone. The event is committed before
    the gateway is called.

    ``recipient`` has the last two digits of the phone, and no more of it. ``dispatch_epoch`` is as
    in ``message.queued``. The content is that of the campaign ``campaign_id``, if it is of one.
    """

    TOPIC: ClassVar[str] = "device.test_begun"
    test_id: UUID
    slot_day: date
    recipient: str
    dispatch_epoch: int = 0
    campaign_id: UUID | None = None


class DeviceTested(Event, frozen=True, kw_only=True, gc=False):
    """A person sent a message through the device by hand. ``outcome`` is what the gateway answered,
    and ``detail`` the provider's id, code or reason. Tests of earlier versions have no ``test_id``
    and no ``slot_day``."""

    TOPIC: ClassVar[str] = "device.tested"
    outcome: str
    detail: str
    test_id: UUID | None = None
    slot_day: date | None = None

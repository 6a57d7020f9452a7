"""A claimed message and the moment at which it may go; and moments that do not count."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID


class Slot(NamedTuple):
    """A claimed message that goes at ``send_at``, or as soon after it as its device is free.

    ``paced`` says that the device pauses after it. ``server`` is who is called, see ``server_of``.
    """

    send_at: datetime
    message_id: UUID
    device_id: UUID
    lease_until: datetime
    paced: bool
    server: str = ""


class Ignored(NamedTuple):
    """The latest slot, or dispatch, of a device, which counted for nothing because it was so far
    ahead: the clock of whoever recorded it was wrong."""

    what: Literal["slot", "dispatch"]
    device_id: UUID
    ahead: timedelta


def server_of(gateway: str, base_url: object) -> str:
    """The server that devices of ``gateway`` with that setting call; empty for the sandbox, which
    calls nobody."""
    return "" if gateway == "sandbox" else f"{gateway} {base_url or ''}"


def send_moment(slot: Slot) -> datetime:
    """The sort key of a device's queue."""
    return slot.send_at

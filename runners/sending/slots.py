"""A claimed message and the moment at which it may go."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class Slot(msgspec.Struct, frozen=True, gc=False):
    """A claimed message that goes at ``send_at``, or as soon after it as its device is free.

    ``paced`` says that the device pauses after it. ``server`` is who is called, see ``server_of``.
    """

    send_at: datetime
    message_id: UUID
    device_id: UUID
    lease_until: datetime
    paced: bool
    server: str = ""


def server_of(gateway: str, base_url: object) -> str:
    """The server that devices of ``gateway`` with that setting call; empty for the sandbox, which
    calls nobody."""
    return "" if gateway == "sandbox" else f"{gateway} {base_url or ''}"


def send_moment(slot: Slot) -> datetime:
    """The sort key of a device's queue."""
    return slot.send_at

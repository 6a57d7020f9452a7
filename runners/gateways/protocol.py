"""What really sends: one file per provider, and the protocol that they all keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.content import Content
from domain.receipts import Receipt, Reply


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it goes to the wire: ``phone`` is E.164 exactly as stored, ``settings`` and
    ``credentials`` are the device's, ``attempt`` counts hand-overs from 1, and ``version`` is the
    message's once it was handed over, 0 where there is no message. A call that has not begun by
    ``call_before`` must not be made. A gateway that knows approved templates sends the template of
    ``content``, which is rendered, if there is one, with the media as its header; others send the
    text."""

    message_id: UUID
    device_id: UUID
    phone: str
    content: Content
    attempt: int
    settings: dict[str, Any]
    call_before: datetime
    version: int = 0
    credentials: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"<outgoing {self.message_id}>"


class Accepted(msgspec.Struct, frozen=True):
    """The provider took it and calls it ``provider_id``."""

    provider_id: str


class Rejected(msgspec.Struct, frozen=True):
    """A definite no, with the provider's own code."""

    code: str
    reason: str


class Throttled(msgspec.Struct, frozen=True):
    """Surely not taken: too fast. ``retry_after`` in seconds, if the provider says."""

    retry_after: float | None = None


class Unreachable(msgspec.Struct, frozen=True):
    """Surely not taken: the request did not get there."""

    reason: str


class Unknown(msgspec.Struct, frozen=True):
    """It may have been taken: the request left and no understandable answer came."""

    reason: str


Outcome = Accepted | Rejected | Throttled | Unreachable | Unknown


class DeviceState(msgspec.Struct, frozen=True):
    """Whether a device can send now, and if not, why."""

    online: bool
    reason: str = ""


class Gateway(Protocol):
    """A provider. ``send`` never raises for what the provider does; it says what is known."""

    async def send(self, outgoing: Outgoing) -> Outcome: ...

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState | None:
        """Whether it can send now; None where that cannot be told."""
        ...

    def collect(self, now: datetime) -> list[Receipt | Reply]:
        """Receipts and replies that this gateway has to be asked for; those that come by webhook
        are not among them."""
        ...

    async def close(self) -> None:
        """Ends its connections, in the event loop in which it was used."""
        ...

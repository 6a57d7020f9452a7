"""The protocol of a gateway: what it gets to send, and the outcomes of a call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.addresses import Address
from domain.content import Content
from domain.inbound import Inbound


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message for a gateway to send.

    ``phone`` is E.164 exactly as stored; ``wa_id`` is what WhatsApp calls the same person, in
    digits without a plus, where that is known. ``gateway``, ``settings`` and ``credentials`` are
    the device's. ``attempt`` counts dispatches from 1. ``version`` is the message's version after
    its dispatch, 0 for a test without a message. A call that has not begun by ``call_before`` must
    not be made.
    ``content`` is rendered. A gateway that knows approved templates sends its template if there is
    one, with the media as the header. Other gateways send its body as the text.
    """

    message_id: UUID
    device_id: UUID
    phone: str
    content: Content
    attempt: int
    settings: dict[str, Any]
    call_before: datetime
    version: int = 0
    credentials: Mapping[str, str] = {}
    wa_id: str | None = None
    gateway: str = ""

    @property
    def digits(self) -> str:
        """Whom to write to, in digits without a plus: as WhatsApp spells it, else as it is stored.
        No country code is ever guessed."""
        return self.wa_id or self.phone.removeprefix("+")

    def __repr__(self) -> str:
        # Neither phone nor text nor credentials get into a log or a traceback.
        return f"<outgoing {self.message_id}>"


class Accepted(msgspec.Struct, frozen=True):
    """The provider accepted the message and calls it ``provider_id``. ``addresses`` are what the
    answer says the recipient is called."""

    provider_id: str
    addresses: tuple[Address, ...] = ()


class Rejected(msgspec.Struct, frozen=True):
    """A definite no to this message, with the provider's own code."""

    code: str
    reason: str


class Throttled(msgspec.Struct, frozen=True):
    """Surely not accepted: too fast. ``retry_after`` is in seconds, None where it is not known."""

    retry_after: float | None = None


class Unreachable(msgspec.Struct, frozen=True):
    """Surely not accepted: the request did not get there."""

    reason: str


class Unknown(msgspec.Struct, frozen=True):
    """It may be accepted: the request left and no response came that can be understood."""

    reason: str


# What is known after a call.
Outcome = Accepted | Rejected | Throttled | Unreachable | Unknown


class DeviceState(msgspec.Struct, frozen=True):
    """Whether a device can send now, and if not, why. ``address`` is its own number as webhooks
    name it, such as ``60399990021@s.whatsapp.net``; empty where the answer does not say."""

    online: bool
    reason: str = ""
    address: str = ""


class Gateway(Protocol):
    """Sends for all devices of one provider, in one event loop at a time."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Sends one message. Whatever the provider does is an outcome and raises nothing."""
        ...

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState | None:
        """Whether the device can send now; None where that cannot be told."""
        ...

    def collect(self, now: datetime) -> list[Inbound]:
        """The receipts and replies up to ``now`` that this gateway has to be asked for. Those that
        come by webhook are not among them."""
        ...

    async def close(self) -> None:
        """Closes the connections, in the event loop in which the gateway was used."""
        ...

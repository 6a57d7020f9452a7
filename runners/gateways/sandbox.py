"""The sandbox: a gateway that sends nothing and always does the same for the same message.

A device's settings say what it does. ``seed`` is any value. ``latency_ms`` is in milliseconds.
``fail_rate``, ``throttle_rate`` and ``timeout_rate`` are shares of the attempts, from 0 to 1.
``receipts`` (bool) says whether there are receipts. ``replies`` is the share of the sent messages
that get a reply; one reply in ten is STOP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any
from uuid import UUID

from domain.addresses import Address
from domain.inbound import Inbound, Receipt, Reply
from runners.gateways.protocol import (
    Accepted,
    DeviceState,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
)
from runners.support.clocks import Clock


class Sandbox:
    """A gateway without a network. What is ``assumed`` goes before the settings of every device;
    then outcomes follow from who gets which text, and not from a message that is not planned yet.

    Receipts and replies of the future are kept in memory, like a provider's own queue. They are
    lost with the process.
    """

    def __init__(self, clock: Clock, assumed: Mapping[str, Any] | None = None) -> None:
        self.clock = clock
        self.assumed = assumed or {}
        self._scheduled: list[tuple[datetime, int, Inbound]] = []
        self._number = 0

    async def send(self, outgoing: Outgoing) -> Outcome:
        """The outcome that follows from the seed, the message and the attempt."""
        settings = {**outgoing.settings, **self.assumed}
        await self.clock.sleep(float(settings.get("latency_ms", 0)) / 1000)
        chance = _share(settings, self._subject(outgoing), f"outcome {outgoing.attempt}")
        for rate, outcome in (
            ("throttle_rate", Throttled(60.0)),
            ("timeout_rate", Unknown("no answer from the sandbox")),
            ("fail_rate", Rejected("not_on_whatsapp", "the sandbox knows no such number")),
        ):
            share = float(settings.get(rate, 0.0))
            if chance < share:
                return outcome
            chance -= share
        self._plan_receipts(outgoing, settings)
        return Accepted(f"sandbox-{outgoing.message_id}")

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState:
        """Always online."""
        return DeviceState(online=True)

    async def close(self) -> None:
        """There is no connection to close."""

    def collect(self, now: datetime) -> list[Inbound]:
        """The receipts and replies whose moment has come, each once."""
        due = []
        while self._scheduled and self._scheduled[0][0] <= now:
            due.append(heappop(self._scheduled)[2])
        return due

    def next_inbound(self) -> datetime | None:
        """When the next receipt or reply comes; None where none is to come."""
        return self._scheduled[0][0] if self._scheduled else None

    def _plan_receipts(self, outgoing: Outgoing, settings: dict[str, Any]) -> None:
        message_id, subject = outgoing.message_id, self._subject(outgoing)
        if settings.get("receipts"):
            self._schedule(2, Receipt("delivered", message_id))
            if _share(settings, subject, "read") < 0.7:
                self._schedule(90, Receipt("read", message_id))
        if _share(settings, subject, "reply") < float(settings.get("replies", 0.0)):
            stops = _share(settings, subject, "words") < 0.1
            text = "STOP" if stops else "Thanks, tell me more"
            sender = (Address("wa_id", outgoing.phone.removeprefix("+")),)
            reply = Reply(sender, text, f"sandbox-reply-{message_id}", to=str(outgoing.device_id))
            self._schedule(300, reply)

    def _subject(self, outgoing: Outgoing) -> str:
        if not self.assumed:
            return str(outgoing.message_id)
        return f"{outgoing.phone} {outgoing.content.body}"

    def _schedule(self, seconds: float, inbound: Inbound) -> None:
        self._number += 1
        at = self.clock() + timedelta(seconds=seconds)
        heappush(self._scheduled, (at, self._number, inbound))


def _share(settings: Mapping[str, Any], subject: str, what: str) -> float:
    """A number in [0, 1) that follows from the seed, the ``subject`` and ``what``."""
    seed = settings.get("seed", 0)
    digest = hashlib.sha256(f"{seed}:{subject}:{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64

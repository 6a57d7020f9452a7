"""The sandbox: sends nothing anywhere, and always does the same for the same message.

A device's settings say what it does: ``seed``, ``latency_ms``, ``fail_rate``, ``throttle_rate``,
``timeout_rate`` (shares from 0 to 1 of the tries), ``receipts`` (bool: delivered and read), and
``replies`` (share of the sent messages that are answered; one answer in ten is STOP).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any
from uuid import UUID

from domain.receipts import Receipt, Reply
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
    """A gateway without a network. What it will report later is kept in memory, like a provider's
    own queue: it goes with the process."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._later: list[tuple[datetime, int, Receipt | Reply]] = []
        self._number = 0

    async def send(self, outgoing: Outgoing) -> Outcome:
        settings = outgoing.settings
        await self.clock.sleep(float(settings.get("latency_ms", 0)) / 1000)
        chance = _share(settings, outgoing.message_id, f"outcome {outgoing.attempt}")
        for rate, outcome in (
            ("throttle_rate", Throttled(60.0)),
            ("timeout_rate", Unknown("no answer from the sandbox")),
            ("fail_rate", Rejected("not_on_whatsapp", "the sandbox knows no such number")),
        ):
            share = float(settings.get(rate, 0.0))
            if chance < share:
                return outcome
            chance -= share
        self._plan_receipts(outgoing)
        return Accepted(f"sandbox-{outgoing.message_id}")

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState:
        return DeviceState(online=True)

    async def close(self) -> None:
        pass

    def collect(self, now: datetime) -> list[Receipt | Reply]:
        due = []
        while self._later and self._later[0][0] <= now:
            due.append(heappop(self._later)[2])
        return due

    def next_report(self) -> datetime | None:
        """When the sandbox will have something to report."""
        return self._later[0][0] if self._later else None

    def _plan_receipts(self, outgoing: Outgoing) -> None:
        settings, message_id = outgoing.settings, outgoing.message_id
        if settings.get("receipts"):
            self._report(2, Receipt("delivered", message_id))
            if _share(settings, message_id, "read") < 0.7:
                self._report(90, Receipt("read", message_id))
        if _share(settings, message_id, "reply") < float(settings.get("replies", 0.0)):
            stops = _share(settings, message_id, "words") < 0.1
            text = "STOP" if stops else "Thanks, tell me more"
            self._report(300, Reply(outgoing.phone, text, f"sandbox-reply-{message_id}"))

    def _report(self, seconds: float, report: Receipt | Reply) -> None:
        self._number += 1
        at = self.clock() + timedelta(seconds=seconds)
        heappush(self._later, (at, self._number, report))


def _share(settings: dict[str, Any], message_id: UUID, what: str) -> float:
    """A number in [0, 1) that follows from the seed, the message and ``what``."""
    seed = settings.get("seed", 0)
    digest = hashlib.sha256(f"{seed}:{message_id}:{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64

"""The sandbox, which has no network."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from runners.gateways.protocol import (
    Accepted,
    DeviceState,
    Gateway,
    Outcome,
    Rejected,
    Throttled,
    Unknown,
)
from runners.gateways.sandbox import Sandbox
from runners.support.clocks import SystemClock
from tests.runners.gateways.providers import (
    ID,
    PHONE,
    PROVIDERS,
    outgoing,
)


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        ({}, Accepted(f"sandbox-{ID}")),
        ({"throttle_rate": 1.0}, Throttled(60.0)),
        ({"timeout_rate": 1.0}, Unknown("no answer from the sandbox")),
        ({"fail_rate": 1.0}, Rejected("not_on_whatsapp", "the sandbox knows no such number")),
    ],
)
def test_the_sandbox_has_every_kind_of_answer_too(
    settings: dict[str, float], outcome: Outcome
) -> None:
    async def both(gateway: Gateway) -> tuple[Outcome, DeviceState | None]:
        message = outgoing(PROVIDERS["gowa"], "", settings=settings, credentials={})
        return await gateway.send(message), await gateway.status(ID, settings, {})

    sandbox = Sandbox(SystemClock())
    assert asyncio.run(both(sandbox)) == (outcome, DeviceState(True))
    assert sandbox.collect(datetime.now(UTC) + timedelta(days=1)) == []
    assert PHONE not in repr(outcome)

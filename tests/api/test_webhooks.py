"""/webhooks: receipts and replies, proven and idempotent."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from projections.composition import House
from runners.clocks import SimulatedClock
from runners.gateways import Accepted
from tests.api import webhooks
from tests.runners import given, then


def ack(kind: str, *ids: str) -> dict[str, Any]:
    payload = {"ids": list(ids), "chat_id": "60120000001@s.whatsapp.net", "receipt_type": kind}
    return {"event": "message.ack", "device_id": "60190000000@s.whatsapp.net", "payload": payload}


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_a_receipt_is_recorded_once(
    house: House, clock: SimulatedClock, app: Flask, prefix: str
) -> None:
    """At either address, and however often it comes."""
    device = webhooks.device(house, "gowa")
    given.lead(house)
    webhooks.hands_over(house, clock, "gowa", Accepted("3EB0A1"))
    body = ack("delivered", "3EB0A1")

    for _ in range(3):
        path = f"{prefix}/webhooks/gowa/{device}"
        assert webhooks.post(app, "gowa", device, body, path=path) == (
            200,
            {"receipts": 1, "replies": 0},
        )

    assert then.message(house).delivered_at == clock()
    assert len(then.events(house, "message.delivered")) == 1

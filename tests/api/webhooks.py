"""Requests as providers send them: what they say, and the proof of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, cast
from uuid import UUID

from flask import Flask

from domain.device import Configuration, Gateway
from projections import device_secrets
from projections.composition import House
from runners.clocks import SimulatedClock
from runners.gateways import Outcome
from tests.api.client import Answer
from tests.api.given import SECRET_KEY
from tests.runners import given, then, when
from tests.runners.when import Phones

SECRET = "webhook-s3cret"


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


def post(
    app: Flask,
    gateway: str,
    device: UUID,
    said: Any,
    *,
    secret: str | None = SECRET,
    path: str | None = None,
) -> Answer:
    """``said`` is a JSON value, or raw bytes; without a secret nothing is signed."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    response = app.test_client().post(
        path or f"/webhooks/{gateway}/{device}",
        data=body,
        content_type="application/json",
        headers={} if secret is None else signature(body, secret),
    )
    return Answer(response.status_code, response.get_json())


def device(house: House, gateway: str, *, secret: str = SECRET) -> UUID:
    """A device behind that gateway, online, as fast as it can be."""
    configuration = Configuration(
        name=f"Sales on {gateway}",
        gateway=cast(Gateway, gateway),
        min_delay_seconds=0,
        max_delay_seconds=0,
    )
    made = house.outreach.register_device(configuration, actor="api:sales").id
    house.outreach.connect_device(made, actor="api:sales")
    credentials = {"app_secret" if gateway == "cloud" else "webhook_secret": secret}
    with house.database.transaction() as connection:
        device_secrets.put(connection, made, credentials, SECRET_KEY)
    return made


def hands_over(house: House, clock: SimulatedClock, gateway: str, *answers: Outcome) -> list[Any]:
    """A campaign to the leads that there are is handed over to that gateway, which answers so;
    returns its messages."""
    campaign = given.campaign(house)
    when.triggers(house)
    when.looks(when.broadcaster(house, Phones(clock, *answers), name=gateway))
    return then.messages(house, campaign_id=campaign)

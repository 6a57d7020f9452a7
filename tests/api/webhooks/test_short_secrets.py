"""Secrets of webhooks that are too short: refused when saved, warned of where they are older."""

from __future__ import annotations

import pytest
from flask import Flask

from projections.container import Container
from tests.support.api import then, webhooks
from tests.support.api.client import Answer, Client
from tests.support.api.webhooks import ACCEPTED, GATEWAYS
from tests.support.given import NEEDED
from tests.support.processes import sendtrail

SHORT = "s3cret-of-15-ch"
ENOUGH = "s3cret-of-16-chs"


def secret_of(gateway: str) -> str:
    return "app_secret" if gateway == "cloud" else "webhook_secret"


def refused(name: str) -> Answer:
    return Answer(
        422,
        {
            "code": 422,
            "status": "Unprocessable Entity",
            "message": f"credentials.{name}: expected at least 16 characters",
            "errors": {"json": {f"credentials.{name}": ["Expected at least 16 characters."]}},
            "fields": [
                {"field": f"credentials.{name}", "message": "expected at least 16 characters"}
            ],
        },
    )


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_short_one_is_not_saved(container: Container, operator: Client, gateway: str) -> None:
    """With the device, or later: nothing of the request is done, and the answer says what was
    expected without what was given."""
    name = secret_of(gateway)
    settings, login = NEEDED[gateway]
    body = {"name": "Sales", "gateway": gateway, "settings": settings}

    registered = operator.post("/devices", {**body, "credentials": {**login, name: SHORT}})
    made = operator.create("/devices", {**body, "credentials": {**login, name: ENOUGH}})
    path = f"/devices/{made['id']}"
    changed = operator.patch(path, {"name": "Other", "credentials": {**login, name: SHORT}})

    assert (registered, changed) == (refused(name), refused(name))
    assert then.topics(container) == ["device.registered", "access.device_credentials_changed"]
    (kept,) = then.table(container, "device_secrets")
    assert container.secrets.read(kept.ciphertext) == {**login, name: ENOUGH}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_an_older_one_works_and_is_warned_of(
    container: Container, database_url: str, app: Flask, gateway: str
) -> None:
    """Nothing stops because of an upgrade. Anybody may read /readyz, so it names nothing; the
    terminal says which device, and neither says the secret."""
    old = webhooks.device(container, gateway, name="Old", secret=SHORT)
    webhooks.device(container, gateway, name="New", secret=ENOUGH)

    answer = webhooks.post(app, gateway, old, {}, secret=SHORT)
    warnings = app.test_client().get("/readyz").get_json()["warnings"]
    status = sendtrail("status", database_url=database_url)
    devices = sendtrail("devices", "list", database_url=database_url)

    assert answer == ACCEPTED
    assert warnings == ["1 device has a webhook secret of less than 16 characters"]
    assert f"{warnings[0]}: sendtrail devices list" in status.stdout.splitlines()
    assert f"{secret_of(gateway)}: less than 16 characters" in devices.stdout
    assert devices.stdout.count("less than") == 1
    assert SHORT not in status.stdout + devices.stdout


def test_of_several_it_says_how_many(container: Container, app: Flask) -> None:
    for number in range(3):
        webhooks.device(container, "gowa", name=f"Old {number}", secret=SHORT)

    warnings = app.test_client().get("/readyz").get_json()["warnings"]

    assert warnings == ["3 devices have a webhook secret of less than 16 characters"]

"""Idempotency-Key: what is stored to answer again holds no secret, and nothing to be guessed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from projections.config.settings import Settings
from projections.container import Container
from projections.eventstore.secret_rotation import rotate
from runners.support.clocks import SimulatedClock
from tests.support import then
from tests.support.api.application import application
from tests.support.api.client import BASE, Client
from tests.support.api.given import OTHER_KEY

URL = "https://crm.example.com/hook"
HEADERS = {"Idempotency-Key": "1"}


@pytest.mark.parametrize("action", ["", "/{id}/rotate-secret"])
def test_a_secret_is_shown_by_the_first_answer_alone(
    container: Container, administrator: Client, action: str
) -> None:
    """The request is done once; who lost the secret gets another one by rotating it."""
    made = administrator.create("/subscriptions", {"url": URL})
    path = f"/subscriptions{action}".format(**made)
    body = {} if action else {"url": URL}

    first, again = (administrator.open("POST", path, json=body, headers=HEADERS) for _ in range(2))

    secret = first.json["secret"]
    assert secret.startswith("whsec_")
    assert again.status_code == first.status_code
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == {**first.json, "secret": None}
    assert len(then.table(container, "subscriptions")) == (1 if action else 2)
    (stored,) = then.table(container, "idempotency")
    assert secret.encode() not in bytes(stored.body)
    assert json.loads(bytes(stored.body)) == again.json


def test_a_refusal_is_answered_again_as_it_was(administrator: Client) -> None:
    """Byte for byte, because it has no secret to be blanked."""
    first, again = (
        administrator.open(
            "POST", "/subscriptions", json={"url": "http://crm.example.com"}, headers=HEADERS
        )
        for _ in range(2)
    )

    assert first.status_code == again.status_code == 422
    assert again.data == first.data


def test_nobody_finds_a_password_by_trying_requests(container: Container, operator: Client) -> None:
    """Who has a copy of the database knows the rest of the request, and tries what is short."""
    body = json.dumps({"phone": "+60123456789", "name": "Aisyah"}).encode()
    operator.open("POST", "/leads", data=body, content_type="application/json", headers=HEADERS)

    (stored,) = then.table(container, "idempotency")

    request = f"POST {BASE}/leads?\0".encode() + body
    assert len(stored.request_sha256) == 64
    assert stored.request_sha256 != hashlib.sha256(request).hexdigest()


def test_a_request_is_known_again_after_the_secret_key_was_replaced(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Nothing is done twice for it."""
    body = {"phone": "+60123456789", "name": "Aisyah"}

    def ask(client: Client) -> Any:
        return client.open("POST", "/leads", json=body, headers=HEADERS)

    first = ask(operator)
    rotate(container.database, OTHER_KEY, lambda: None, lambda: None, lambda connection: None)
    settings = Settings(database_url=container.database.url, secret_key=OTHER_KEY)
    with Container(settings, clock) as anew:
        again = ask(Client(application(anew), operator.key))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data

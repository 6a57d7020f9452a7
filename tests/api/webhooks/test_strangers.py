"""/webhooks: who does not know the secret is slowed down, learns nothing, and holds up nobody."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import webhooks
from tests.support.api.client import Answer
from tests.support.api.webhooks import ACCEPTED, GATEWAYS, SECRET

WRONG = "another-s3cret-16"
TOKEN = "v3rify-token"
REFUSED = Answer(
    429,
    {"code": 429, "status": "Too Many Requests", "message": "too many wrong signatures; wait"},
)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_wrong_signatures_are_slowed_down_and_right_ones_never(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """Though both come from one address, as behind a proxy that nobody told us of. Another device
    has a count of its own, and after a minute there is a new one."""
    device = webhooks.device(container, gateway)
    other = webhooks.device(container, gateway, name="Other")

    statuses = [webhooks.post(app, gateway, device, {}, secret=WRONG).status for _ in range(100)]

    assert statuses == [401] * 20 + [429] * 80
    assert webhooks.post(app, gateway, device, {}, secret=WRONG) == REFUSED
    assert webhooks.post(app, gateway, device, {}) == ACCEPTED
    assert webhooks.post(app, gateway, other, {}, secret=WRONG).status == 401
    clock.advance(seconds=60)
    assert webhooks.post(app, gateway, device, {}, secret=WRONG).status == 401


def test_the_provider_waits_for_no_count(container: Container, app: Flask) -> None:
    """A stranger tries at this moment, and the count is locked."""
    device = webhooks.device(container, "gowa")
    webhooks.post(app, "gowa", device, {}, secret=WRONG)

    with container.database.transaction() as connection:
        locked = connection.exec_driver_sql("UPDATE wrong_tries SET tries = 1000").rowcount
        answer = webhooks.post(app, "gowa", device, {})

    assert (locked, answer) == (1, ACCEPTED)


def test_wrong_tokens_are_slowed_down_and_the_right_one_never(
    container: Container, app: Flask
) -> None:
    device = webhooks.device(container, "cloud", verify_token=TOKEN)

    def ask(token: str) -> int:
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1"}
        path = f"/webhooks/cloud/{device}"
        return app.test_client().get(path, query_string=query).status_code

    assert [ask(f"guess {number}") for number in range(25)] == [403] * 20 + [429] * 5
    assert ask(TOKEN) == 200


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_device_without_a_secret_looks_like_one_with_another(
    container: Container, app: Flask, gateway: str
) -> None:
    """The whole answer is the same, also when there were too many."""
    one = webhooks.device(container, gateway)
    silent = webhooks.device(container, gateway, name="Silent", secret="")

    answers = [
        [webhooks.post(app, gateway, device, {}, secret=WRONG) for _ in range(21)]
        for device in (one, silent)
    ]

    assert answers[0] == answers[1]
    assert [answer.status for answer in answers[0]] == [401] * 20 + [429]


@pytest.mark.parametrize("gateway", ["wablas", "whacenter"])
def test_a_secret_in_the_address_is_in_no_log(
    container: Container, app: Flask, gateway: str, logged: Callable[[], str]
) -> None:
    """Whatever becomes of the request: taken, refused, not found, too large, not understood."""
    device = webhooks.device(container, gateway)
    query = f"secret={SECRET}"
    here = f"/webhooks/{gateway}/{device}"

    asked: list[tuple[str, bytes]] = [
        (here, b"{}"),
        (f"/api/v1{here}", b"{}"),
        (f"/webhooks/gowa/{device}", b"{}"),
        (f"/webhooks/nobody/{device}", b"{}"),
        (f"/nowhere{here}", b"{}"),
        (here, b"[]"),
        (here, b"{}" + b" " * 1024 * 1024),
    ]
    statuses = [
        app.test_client().post(path, data=body, query_string=query).status_code
        for path, body in asked
    ]
    statuses += [
        app.test_client().get(here, query_string=query).status_code,
        app.test_client().post(here, data=b"{}", query_string=f"secret={SECRET}0").status_code,
    ]
    answers = app.test_client().post(f"{here}/more", query_string=query).get_data(as_text=True)

    assert statuses == [200, 200, 404, 404, 404, 400, 413, 405, 401]
    lines = [json.loads(line) for line in logged().splitlines()]
    assert len([line for line in lines if line["event"] == "request"]) == 10
    assert SECRET not in logged() + answers
    assert "secret=" not in logged() + answers

"""What must never be seen: credentials and keys anywhere, personal data in logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from projections.container import Container
from projections.readmodels import devices
from runners.support.clocks import SimulatedClock
from tests.support.api import given, then, when
from tests.support.api.client import Client

SECRET = "hunter2-is-secret"
CREDENTIALS = {"username": "sales", "password": SECRET}
GOWA = {"gateway": "gowa", "settings": {"base_url": "https://gowa.example.com"}}


def test_credentials_go_in_and_never_come_out(
    container: Container, operator: Client, viewer: Client, logged: Callable[[], str]
) -> None:
    """No answer, no event, no table in the clear and no log line has the password."""
    status, device = operator.post(
        "/devices",
        {"name": "Sales 1", **GOWA, "credentials": CREDENTIALS},
        idempotency_key="1",
    )
    path = f"/devices/{device['id']}"
    answers = [
        (status, device),
        operator.patch(path, {"name": "Sales 2", "credentials": CREDENTIALS}),
        operator.post(f"{path}/connect"),
        viewer.get(path),
        viewer.get("/devices"),
        viewer.get("/reports/devices"),
        operator.post("/devices", {"name": "", "gateway": "x", "credentials": CREDENTIALS}),
        operator.patch(path, {"credentials": {**CREDENTIALS, "token": 7}}),
        operator.patch(path, {"credentials": {"password": f"{SECRET}\0"}}),
        operator.patch(path, {"credentials": [SECRET]}),
    ]

    assert [status for status, _ in answers[:6]] == [201, 200, 200, 200, 200, 200]
    assert [status for status, _ in answers[6:]] == [422] * 4
    assert device["has_credentials"] is True
    assert SECRET not in str(answers)
    assert "credentials" not in device
    assert SECRET not in _database(container)
    assert SECRET not in logged()


def test_credentials_are_kept_encrypted(container: Container, operator: Client) -> None:
    """Only who has SENDTRAIL_SECRET_KEY can read them; another device's are others."""
    ids = [
        operator.create(
            "/devices",
            {"name": name, **GOWA, "credentials": {"webhook_secret": f"{SECRET} {name}"}},
        )["id"]
        for name in ("Sales 1", "Sales 2")
    ]

    rows = then.table(container, "device_secrets")
    kept = [
        container.secrets.read(row.ciphertext)
        for row in sorted(rows, key=lambda row: ids.index(str(row.device_id)))
    ]

    assert kept == [
        {"webhook_secret": f"{SECRET} Sales 1"},
        {"webhook_secret": f"{SECRET} Sales 2"},
    ]
    assert all(bytes(row.ciphertext).startswith(b"gAAAA") for row in rows)


def test_credentials_are_replaced_as_a_whole(container: Container, operator: Client) -> None:
    """A new secret goes in the place of the old pair, and none takes it away."""
    made = operator.create("/devices", {"name": "Sales 1", **GOWA, "credentials": CREDENTIALS})
    path = f"/devices/{made['id']}"

    def kept() -> dict[str, str]:
        with container.database.transaction() as connection:
            (device,) = devices.in_service(connection)
        return container.secrets.read(device.ciphertext)

    replaced = operator.patch(
        path, {"credentials": {"webhook_secret": "a new secret of 16 or more"}}
    )
    then_kept = kept()
    taken_away = operator.patch(path, {"credentials": {}})

    assert (replaced.json["has_credentials"], then_kept) == (
        True,
        {"webhook_secret": "a new secret of 16 or more"},
    )
    assert (taken_away.json["has_credentials"], kept()) == (False, {})


def test_the_log_of_a_day_names_nobody(
    container: Container, clock: SimulatedClock, operator: Client, logged: Callable[[], str]
) -> None:
    """Leads come, messages go, fail and are answered, requests go wrong: every line is JSON, and
    none has a phone, a name, a text, or a key."""
    given.device(operator, "One", settings={"receipts": True, "replies": 1})
    given.device(operator, "Two", settings={"fail_rate": 1})
    for number in range(1, 9):
        given.lead(operator, number, name="Aisyah", attributes={"city": "Johor"}, triggers=["COLD"])
    operator.csv("phone,name\n+60129999999,Aisyah\n60129999998,Aisyah\n")
    operator.post("/leads", {"phone": given.phone(1), "name": "Aisyah"}, idempotency_key="k-60129")
    operator.get("/leads", phone=given.phone(1))
    operator.get("/leads", phone="60129999")
    Client(operator.app, "st_wrong60129").get("/leads")
    given.campaign(operator, body="Hello {name}")
    given.sequence(operator, "Hi {name}")
    when.triggers(container)
    when.enrolls(container)
    when.broadcasts(container, clock)
    when.reaps(container)

    text = logged()

    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert {line["event"] for line in lines} == {"request", "audit.wrong_key"}
    assert {line["key"] for line in requests} == {"crm", None}
    assert "/api/v1/leads/import" in {line["route"] for line in requests}
    # Long enough for no clock and no request's id to have it by chance.
    for personal in (
        "60120000",
        "60129999",
        "Aisyah",
        "Johor",
        "Hello",
        str(operator.key),
        "wrong60129",
    ):
        assert personal not in text


def test_a_request_can_be_found_in_the_log(operator: Client, logged: Callable[[], str]) -> None:
    """Its id is in the answer: support finds the line, with key, route, status and duration."""
    response = operator.open("GET", "/leads", query_string={"phone": "+60123456789"})

    (line,) = (json.loads(text) for text in logged().splitlines())
    assert isinstance(line.pop("ms"), float)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": response.headers["X-Request-Id"],
        "key": "crm",
        "method": "GET",
        "route": "/api/v1/leads",
        "status": 200,
    }


def _database(container: Container) -> str:
    """All that is stored, as text."""

    def shown(value: Any) -> str:
        return str(bytes(value)) if isinstance(value, memoryview | bytes) else str(value)

    tables = ("stored_events", "devices", "device_secrets", "idempotency", "api_keys")
    return " ".join(
        shown(v) for table in tables for row in then.table(container, table) for v in row
    )

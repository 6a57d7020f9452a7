"""The process says that it is there, and whether it can work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url

from api import create_app
from api.resources import health
from projections.container import Container
from tests.support import then
from tests.support.api import given
from tests.support.api.client import Client
from tests.support.api.given import NOBODY


def test_healthz_answers_without_a_database() -> None:
    """A supervisor asks whether the process lives, not whether everything else does."""
    answer = create_app().test_client().get("/healthz")

    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ok"}


def test_without_a_database_everything_else_says_so() -> None:
    """An application that was made to be looked at is not ready for work, and does not crash."""
    client = create_app().test_client()
    headers = {"Authorization": "Bearer st_any"}

    ready = client.get("/readyz")
    leads = client.get("/api/v1/leads", headers=headers)

    assert (ready.status_code, ready.get_json()) == (503, {"status": "no database"})
    assert (leads.status_code, leads.get_json()["code"]) == (503, 503)
    assert leads.get_json()["message"] == "this process has no database"
    assert client.get("/metrics").status_code == 200


def test_readyz_says_how_much_there_is_and_who_is_behind(
    container: Container, app: Flask, operator: Client
) -> None:
    """Ready; and a reader of the log that stopped is seen here first."""
    empty = app.test_client().get("/readyz")
    for number in (1, 2, 3):
        given.lead(operator, number)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO tracking VALUES ('webhooks', 1)")

    answer = app.test_client().get("/readyz")

    assert (empty.status_code, empty.get_json()) == (
        200,
        {
            "status": "ready",
            "events": 0,
            "lag": {},
            "runners": [],
            "waiting": {},
            "warnings": [],
        },
    )
    assert (answer.status_code, answer.get_json()) == (
        200,
        {
            "status": "ready",
            "events": 3,
            "lag": {"webhooks": 2},
            "runners": [],
            "waiting": {},
            "warnings": [],
        },
    )


def test_readyz_warns_of_leads_without_key(
    container: Container, app: Flask, operator: Client
) -> None:
    """The process can work, and says how many nobody can read any more; until they are back."""
    for number in (1, 2, 3):
        given.lead(operator, number)
    change_keys(container, "CREATE TABLE kept AS SELECT * FROM lead_keys", "TRUNCATE lead_keys")

    def warnings() -> Any:
        answer = app.test_client().get("/readyz")
        assert (answer.status_code, answer.get_json()["status"]) == (200, "ready")
        return answer.get_json()["warnings"]

    assert warnings() == ["3 leads that were not erased have no key"]
    change_keys(container, "INSERT INTO lead_keys SELECT * FROM kept LIMIT 2")
    then.soon(lambda: warnings() == ["1 lead that was not erased has no key"])
    change_keys(container, "INSERT INTO lead_keys SELECT * FROM kept ON CONFLICT DO NOTHING")
    then.soon(lambda: warnings() == [])


def test_warnings_are_looked_for_only_as_often_as_is_cheap(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks without end costs the database a twentieth of the time. A look took 2 seconds
    here: there is none for 38 seconds after it."""
    given.lead(operator)
    change_keys(container, "TRUNCATE lead_keys")
    instants = iter((100.0, 102.0, 139.0, 141.0, 141.5))
    monkeypatch.setattr(health, "monotonic", lambda: next(instants))
    warnings = health.Warnings()

    found = [warnings.present(container)]
    change_keys(container, "INSERT INTO lead_keys (lead_id, key) SELECT lead_id, '' FROM leads")
    found += [warnings.present(container) for _ in range(2)]

    missing = ["1 lead that was not erased has no key"]
    assert found == [missing, missing, []]


def change_keys(container: Container, *statements: str) -> None:
    with container.database.transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def database_away(database_url: str, admin: Callable[[str], None]) -> Callable[[bool], None]:
    """The database stops answering, as after a network fault, or answers again."""
    name = make_url(database_url).database

    def set_away(away: bool) -> None:
        admin(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {not away}")
        if away:
            admin(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )

    return set_away


def test_while_the_database_is_away_every_answer_says_so(
    app: Flask, operator: Client, database_away: Callable[[bool], None]
) -> None:
    """503 in the one shape, so that clients try again; alive, but not ready."""
    operator.get("/leads")

    database_away(True)
    open_paths = {path: app.test_client().get(path) for path in ("/healthz", "/readyz", "/metrics")}
    answers = [
        operator.get("/leads"),
        operator.get(f"/campaigns/{NOBODY}/preview"),
        operator.post("/leads", {"phone": "+60123456789"}),
        operator.post("/leads", {"phone": "+60123456789"}, idempotency_key="1"),
        operator.get("/reports/overview"),
    ]

    assert {path: answer.status_code for path, answer in open_paths.items()} == {
        "/healthz": 200,
        "/readyz": 503,
        "/metrics": 200,
    }
    assert open_paths["/readyz"].get_json() == {"status": "the database does not answer"}
    assert (
        answers
        == [
            (
                503,
                {
                    "code": 503,
                    "status": "Service Unavailable",
                    "message": "the database does not answer; try again",
                },
            )
        ]
        * 5
    )


def test_a_client_is_told_when_to_ask_again(
    operator: Client, database_away: Callable[[bool], None]
) -> None:
    """In seconds, also where the response would have been stored."""
    lead = {"phone": "+60123456789"}

    database_away(True)
    asked = operator.open("GET", "/leads")
    told = operator.open("POST", "/leads", json=lead, headers={"Idempotency-Key": "1"})
    database_away(False)
    done = operator.open("POST", "/leads", json=lead, headers={"Idempotency-Key": "1"})

    assert [asked.headers.get("Retry-After"), told.headers.get("Retry-After")] == ["5", "5"]
    assert "Retry-After" not in done.headers


def test_when_the_database_is_back_so_is_everything(
    app: Flask, operator: Client, database_away: Callable[[bool], None]
) -> None:
    """Nobody has to restart anything, and the retry of what failed is done once."""
    database_away(True)
    failed = operator.post("/leads", {"phone": "+60123456789"}, idempotency_key="1").status

    database_away(False)
    ready = app.test_client().get("/readyz").status_code
    done = [
        operator.post("/leads", {"phone": "+60123456789"}, idempotency_key="1") for _ in range(2)
    ]

    assert (failed, ready) == (503, 200)
    assert [answer.status for answer in done] == [201, 201]
    assert len(operator.items("/leads")) == 1


def test_a_database_that_goes_away_takes_no_connections_with_it(
    container: Container,
    operator: Client,
    database_away: Callable[[bool], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However often clients tried meanwhile, all of the pool is there afterwards."""
    for number in range(3):
        operator.post("/leads", {"phone": given.phone(number)}, idempotency_key=f"a {number}")
        database_away(True)
        tried = [
            operator.post("/leads", {"phone": given.phone(9)}, idempotency_key="b").status
            for _ in range(10)
        ]
        database_away(False)
        assert tried == [503] * 10

    assert container.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert "garbage" not in caplog.text

"""Who may ask: a key per client, a role per key."""

from __future__ import annotations

from flask import Flask

from projections.container import Container
from projections.records import api_keys
from runners.support.clocks import SimulatedClock
from tests.support.api import given, then
from tests.support.api.client import BASE, Client
from tests.support.api.given import NOBODY

READS = (
    "/leads",
    "/sequences",
    "/enrollments",
    "/campaigns",
    "/devices",
    "/messages",
    "/reports/overview",
    "/reports/devices",
)
WRITES = (
    ("POST", "/leads"),
    ("PATCH", f"/leads/{NOBODY}"),
    ("POST", "/leads/import"),
    ("POST", f"/leads/{NOBODY}/triggers"),
    ("POST", f"/leads/{NOBODY}/opt-out"),
    ("POST", f"/leads/{NOBODY}/opt-in"),
    ("POST", "/sequences"),
    ("PATCH", f"/sequences/{NOBODY}/steps/1"),
    ("POST", f"/sequences/{NOBODY}/activate"),
    ("POST", f"/sequences/{NOBODY}/stop"),
    ("POST", "/enrollments"),
    ("POST", f"/enrollments/{NOBODY}/stop"),
    ("POST", "/campaigns"),
    ("PATCH", f"/campaigns/{NOBODY}"),
    ("POST", f"/campaigns/{NOBODY}/cancel"),
    ("POST", "/devices"),
    ("PATCH", f"/devices/{NOBODY}"),
    ("POST", f"/devices/{NOBODY}/retire"),
    ("POST", f"/messages/{NOBODY}/retry"),
    ("POST", f"/messages/{NOBODY}/resolve"),
)


def test_without_a_key_nothing_answers(app: Flask) -> None:
    """Every resource, every way to ask, and a path that does not even exist."""
    anybody = Client(app)
    asked = [*(("GET", path) for path in READS), *WRITES, ("GET", "/nothing"), ("DELETE", "/leads")]

    answers = [anybody.open(method, path) for method, path in asked]

    assert [answer.status_code for answer in answers] == [401] * len(asked)
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert answers[0].get_json() == {
        "code": 401,
        "status": "Unauthorized",
        "message": "expected a header 'Authorization: Bearer <key>'",
    }


def test_a_header_that_holds_no_key_is_none(app: Flask, operator: Client) -> None:
    """The wrong scheme, no key behind it, or the key in the wrong place."""
    wrong = ["", "Bearer", "Bearer ", f"Basic {operator.key}", str(operator.key)]
    anybody = Client(app)

    answers = [anybody.json("GET", "/leads", headers={"Authorization": text}) for text in wrong]
    answers.append(anybody.json("GET", "/leads", query_string={"key": operator.key}))

    assert [answer.status for answer in answers] == [401] * 6


def test_a_wrong_key_and_a_revoked_one_open_nothing(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> None:
    """Someone has left the company: from this moment the key is worth nothing."""
    before = operator.get("/leads").status

    with container.database.transaction() as connection:
        api_keys.revoke(connection, "crm", clock())

    wrong = Client(app, "st_" + "A" * 43)
    assert before == 200
    for client in (operator, wrong, Client(app, f"{operator.key}A"), Client(app, "\xe9")):
        assert client.get("/leads") == (
            401,
            {"code": 401, "status": "Unauthorized", "message": "no such key, or it was revoked"},
        )


def test_a_viewer_may_read_and_not_write(container: Container, viewer: Client) -> None:
    """A dashboard's key cannot do harm, whatever is asked with it."""
    reads = [viewer.get(path).status for path in READS]
    writes = [viewer.json(method, path, json={}) for method, path in WRITES]

    assert reads == [200] * len(READS)
    refused = {
        "code": 403,
        "status": "Forbidden",
        "message": "expected a key of role operator or above; this is viewer",
    }
    assert writes == [(403, refused)] * len(WRITES)
    assert then.topics(container) == []


def test_operators_and_administrators_may_write_and_are_named(
    container: Container, operator: Client, administrator: Client
) -> None:
    """The log says who did what, by the name of the key."""
    given.lead(operator, 1)
    given.lead(administrator, 2)
    operator.csv(f"phone\n{given.phone(3)}\n")

    assert [event.actor for event in then.log(container)] == ["api:crm", "api:boss", "api:crm"]


def test_the_last_use_of_a_key_is_noted(
    container: Container, clock: SimulatedClock, viewer: Client
) -> None:
    """An administrator looks for keys that nobody uses; noting costs one write a minute at most."""
    noted = []

    for seconds in (0, 59, 1):
        clock.advance(seconds=seconds)
        viewer.get("/leads")
        (key,) = then.table(container, "api_keys")
        noted.append(f"{key.last_used_at:%H:%M:%S}")

    assert noted == ["08:00:00", "08:00:00", "08:01:00"]


def test_a_key_is_nowhere_in_the_database(container: Container, operator: Client) -> None:
    """Who steals a backup has no key: only a hash is kept."""
    operator.post("/leads", {"phone": "+60123456789"}, idempotency_key="1")

    tables = ("api_keys", "idempotency", "stored_events", "leads")
    everything = " ".join(
        str(bytes(value)) if isinstance(value, memoryview) else str(value)
        for table in tables
        for row in then.table(container, table)
        for value in row
    )

    assert operator.key is not None
    assert operator.key.startswith("st_")
    assert len(operator.key) == 46
    assert operator.key not in everything
    assert operator.key.removeprefix("st_") not in everything


def test_what_says_nothing_about_anybody_is_open(app: Flask) -> None:
    """Supervisors, Prometheus and people who read the documentation have no key."""
    paths = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/")

    answers = [app.test_client().get(path).status_code for path in paths]

    assert answers == [200] * 5


def test_no_way_of_writing_a_path_gets_around_the_key(app: Flask) -> None:
    """Doubled slashes, dots and encodings lead nowhere, or to the key."""
    client = app.test_client()
    paths = (
        f"/{BASE}/leads",
        "/api//v1/leads",
        "/docs/../api/v1/leads",
        "/healthz/../api/v1/leads",
        "/api/v1/leads/",
        "/%61pi/v1/leads",
        "/API/v1/leads",
        "/api/v1/leads?x=/docs",
    )

    statuses = [client.get(path, follow_redirects=True).status_code for path in paths]

    assert set(statuses) <= {401, 404}

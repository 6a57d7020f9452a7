"""First answers that an earlier version stored: without their secrets, and as good as before."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from projections.config.settings import Settings
from projections.container import Container
from projections.database import identity_key, schema_version
from projections.database.engine import Database
from projections.database.installation import migrate
from runners.support.clocks import SimulatedClock
from tests.support import then
from tests.support.api.application import application
from tests.support.api.client import BASE, Client
from tests.support.api.given import SECRET_KEY, api_key
from tests.upgrades import dumps

SECRET = "mnCDPM4MllCL9RxGUnFfze2UPR__GPWsP9RIP2hqbF4"
SUBSCRIPTION = {
    "id": "00000000-0000-4000-8000-000000000001",
    "url": "https://crm.example.com/hook",
    "allow_http": False,
    "events": ["message.sent"],
    "secret": SECRET,
}
# What anybody may call an attribute.
LEAD = {"id": "00000000-0000-4000-8000-000000000002", "attributes": {"secret": "sauce"}}
BODIES = {
    "/subscriptions": {"url": "https://crm.example.com/hook"},
    "/leads": {"phone": "+60123456789"},
}


def answered(database: Database, path: str, answer: Any) -> str:
    """The fingerprint of a request that the version before had answered so, as it stored it."""
    body = json.dumps(BODIES[path]).encode()
    fingerprint = hashlib.sha256(f"POST {BASE}{path}?\0".encode() + body).hexdigest()
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO idempotency (key_name, idempotency_key, request_sha256, status, body,"
            " created_at) VALUES ('it', %(key)s, %(request)s, 201, %(body)s, %(at)s)",
            {
                "key": path,
                "request": fingerprint,
                "body": json.dumps(answer).encode(),
                "at": dumps.ALL[0].end,
            },
        )
    return fingerprint


def migrations_before(folder: Path) -> Path:
    """A copy without the one that is tried here and those after it."""

    def later(_: str, names: list[str]) -> list[str]:
        return [name for name in names if re.match(r"m\d", name) and name >= "m0009"]

    return shutil.copytree(schema_version.MIGRATIONS, folder / "migrations", ignore=later)


@pytest.mark.parametrize("had_identity", [False, True])
def test_a_repeated_request_gets_its_first_answer_without_the_secret(
    database_url: str,
    settings: Settings,
    clock: SimulatedClock,
    had_identity: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether a process of the version before made the identity key, or the migration does."""
    database = Database(database_url, secret_key=SECRET_KEY)
    if had_identity:
        with monkeypatch.context() as patch:
            patch.setattr(schema_version, "MIGRATIONS", migrations_before(tmp_path))
            migrate(database, settings, lambda step: None)
        assert identity_key.read(database)
    before = {
        answered(database, "/subscriptions", SUBSCRIPTION),
        answered(database, "/leads", LEAD),
    }
    migrate(database, settings, lambda step: None)
    database.close()

    with Container(settings, clock, outdated=True) as container:
        crm = Client(application(container), api_key(container, "it", "admin"))
        answers = {
            path: crm.open(
                "POST",
                path,
                data=json.dumps(body).encode(),
                content_type="application/json",
                headers={"Idempotency-Key": path},
            )
            for path, body in BODIES.items()
        }
        stored = then.table(container, "idempotency")

    assert answers["/subscriptions"].json == {**SUBSCRIPTION, "secret": None}
    assert answers["/leads"].json == LEAD
    assert {answer.headers["Idempotency-Replayed"] for answer in answers.values()} == {"true"}
    assert not any(SECRET.encode() in bytes(row.body) for row in stored)
    assert not before & {row.request_sha256 for row in stored}

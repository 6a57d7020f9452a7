"""Leads' keys that an earlier version stored as they are, and that ``db migrate`` encrypts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.errors import SettingsError
from projections.config.settings import Settings
from projections.container import Container
from projections.database import schema_version
from projections.database.engine import Database, rows
from projections.database.installation import migrate
from projections.eventstore.encryption import PERSONAL, decrypt_state
from projections.records import credentials
from tests.support import given, then, when
from tests.support.api.given import NOBODY, OTHER_KEY, SECRET_KEY
from tests.upgrades import schemas

REFUSED = "SENDTRAIL_SECRET_KEY: expected the key that this database was made with"


@pytest.fixture
def former(database_url: str) -> Any:
    """The database as the version before left it, to look at."""
    database = Database(database_url)
    yield database
    database.close()


def ask(database: Database, statement: str) -> list[Any]:
    with database.transaction() as connection:
        return rows(connection, statement)


def test_every_event_opens_as_before_and_no_key_is_left_in_the_clear(
    former: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages the keys are; new leads come beside them."""
    copied = tmp_path / "migrations"
    shutil.copytree(schema_version.MIGRATIONS, copied, ignore=shutil.ignore_patterns("*.pyc"))
    (step,) = copied.glob("versions/m0004_*.py")
    assert "PAGE = 5000" in step.read_text()
    step.write_text(step.read_text().replace("PAGE = 5000", "PAGE = 7"))
    monkeypatch.setattr(schema_version, "MIGRATIONS", copied)
    plain = {row.lead_id: bytes(row.key) for row in ask(former, "SELECT * FROM lead_keys")}
    events = "SELECT * FROM stored_events WHERE topic LIKE 'lead.%%' ORDER BY 1"
    before = [
        decrypt_state(row[1], row[2], row[3], bytes(row[4]), plain.get(row[1]))
        for row in ask(former, events)
        if row.topic in PERSONAL
    ]
    assert len(plain) > 20
    assert {len(key) for key in plain.values()} == {32}

    migrate(former_with_key(former), settings, lambda step: None)

    with Container(settings, outdated=True) as container:
        after = [
            msgspec.json.encode(event)
            for event in then.events(container, "lead.")
            if event.TOPIC in PERSONAL
        ]
        stored = {row.lead_id: bytes(row.key) for row in then.table(container, "lead_keys")}
    assert [decoded(event) for event in after] == [decoded(event) for event in before]
    assert any(event.get("phone") for event in map(decoded, after))
    assert stored.keys() == plain.keys()
    assert {len(key) for key in stored.values()} == {60}
    assert [lead for lead in plain if plain[lead] in b"".join(stored.values())] == []


def decoded(event: bytes) -> dict[str, Any]:
    """What both have: fields that are new since have their defaults in one of them alone."""
    kept = ("originator_id", "originator_version", "phone", "evidence", "text", "provider_id")
    found = msgspec.json.decode(event)
    return {name: found[name] for name in kept if name in found}


def former_with_key(database: Database) -> Database:
    return Database(database.url, secret_key=SECRET_KEY)


def test_leads_of_before_go_on_beside_new_ones(container: Container) -> None:
    """All of their keys are encrypted."""
    old = next(row.lead_id for row in then.table(container, "leads") if row.erased_at is None)
    name = container.outreach.get_lead(old).profile.name
    given.lead(container, 9_999_999, name="Zara")

    when.replies(container, old, "Still here", "in.9")

    assert name
    assert container.outreach.get_lead(old).profile.name == name
    assert {len(row.key) for row in then.table(container, "lead_keys")} == {60}


def test_a_key_that_does_not_open_the_credentials_encrypts_nothing(
    former: Database, settings: Settings
) -> None:
    """An earlier version encrypted these: the right key must still be welcome."""
    with former.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM subscriptions")
        connection.exec_driver_sql(
            "INSERT INTO device_secrets VALUES (%(id)s, %(ciphertext)s)",
            {
                "id": NOBODY,
                "ciphertext": credentials.encrypt({"password": "s3cret"}, SECRET_KEY),
            },
        )
    before = ask(former, "SELECT * FROM lead_keys ORDER BY 1")

    for wrong, said in (
        (OTHER_KEY, REFUSED),
        (None, "expected a Fernet key, for the keys of leads"),
    ):
        with pytest.raises(SettingsError, match=said):
            migrate(
                Database(former.url, secret_key=wrong),
                msgspec.structs.replace(settings, secret_key=wrong),
                lambda step: None,
            )

    assert ask(former, "SELECT * FROM lead_keys ORDER BY 1") == before
    assert "public.secret_check" not in schemas.everything(former.url)
    migrate(former_with_key(former), settings, lambda step: None)
    Container(settings, outdated=True).close()

"""Who has which webhook secret is noted of all devices, and what a version before took in and did
not record is recorded."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.ids import keyed
from projections.config.settings import Settings
from projections.container import Container
from projections.database import identity_key, schema_version
from projections.database.engine import Database
from projections.database.installation import migrate
from projections.rebuild.rebuild import rebuild
from projections.records import credentials
from runners.support.clocks import SimulatedClock
from tests.support import then, when
from tests.support.api.given import SECRET_KEY
from tests.support.heard import outcomes

ANOTHER_KEY = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
DEVICES = [UUID(int=number) for number in range(1, 7)]
STORED: list[tuple[dict[str, Any], str]] = [
    ({"webhook_secret": "one"}, SECRET_KEY),
    ({"webhook_secret": "one", "password": "two"}, SECRET_KEY),
    ({"app_secret": "one"}, SECRET_KEY),
    ({"webhook_secret": ""}, SECRET_KEY),
    ({"password": "two"}, SECRET_KEY),
    # Nobody can read it, and no request can be proved by it.
    ({"webhook_secret": "one"}, ANOTHER_KEY),
]
SECRETS = ("webhook_secret", "app_secret")
ACK = {"event": "message.ack", "payload": {"ids": ["3EB0A1"], "receipt_type": "read"}}


def migrations_before(folder: Path) -> Path:
    """A copy without the one that is tried here and those after it."""

    def later(_: str, names: list[str]) -> list[str]:
        return [name for name in names if re.match(r"m\d", name) and name >= "m0012"]

    return shutil.copytree(schema_version.MIGRATIONS, folder / "migrations", ignore=later)


@pytest.fixture
def database(
    database_url: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """As the version before the secrets had ids left it."""
    with monkeypatch.context() as patch:
        patch.setattr(schema_version, "MIGRATIONS", migrations_before(tmp_path))
        made = Database(database_url, secret_key=SECRET_KEY)
        migrate(made, settings, lambda step: None)
    yield made
    made.close()


def test_the_devices_of_each_secret_are_noted(database: Database, settings: Settings) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM device_secrets")
        for device, (secrets, key) in zip(DEVICES, STORED, strict=True):
            connection.exec_driver_sql(
                "INSERT INTO device_secrets VALUES (%(id)s, %(ciphertext)s)",
                {"id": str(device), "ciphertext": credentials.encrypt(secrets, key)},
            )

    migrate(database, settings, lambda step: None)

    with database.transaction() as connection:
        found = connection.exec_driver_sql("SELECT * FROM webhook_secrets ORDER BY 2").all()
    identity = identity_key.read(database)
    webhook, app = (keyed(identity, f"webhook {name} one") for name in SECRETS)
    expected = [(webhook, DEVICES[0], None), (webhook, DEVICES[1], None), (app, DEVICES[2], None)]
    assert [tuple(row) for row in found] == expected


def test_what_waits_speaks_for_the_devices_that_it_came_with(
    database: Database, settings: Settings, clock: SimulatedClock
) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO inbound (item_id, gateway, device_id, devices, received_at, due_at,"
            " parsed, payload) VALUES (%(item)s, 'gowa', %(own)s, %(devices)s::uuid[], %(at)s,"
            " %(at)s, false, %(payload)s)",
            {
                "item": str(uuid4()),
                "own": str(DEVICES[1]),
                "devices": [str(device) for device in DEVICES[:3]],
                "at": clock(),
                "payload": json.dumps(ACK).encode(),
            },
        )
    migrate(database, settings, lambda step: None)
    rebuild(database, swap=True)

    with Container(settings, clock) as container:
        when.receives(container)

        assert then.table(container, "inbound") == []
        assert outcomes(container)["receipt_of_no_message"] == 1
        early = then.row(container, "early_receipts", provider_id="3EB0A1")
    assert (early.device_id, sorted(early.devices)) == (DEVICES[1], DEVICES[:3])

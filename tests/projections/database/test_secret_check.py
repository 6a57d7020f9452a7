"""A process with another secret key does not start, and has changed nothing."""

from __future__ import annotations

import pytest

from domain.errors import SettingsError
from projections.config.settings import Settings
from projections.container import Container
from projections.database.schema_version import SCHEMA_LOCK
from projections.database.secret_check import SECRET_LOCK
from projections.eventstore.append import APPEND_LOCK
from projections.rebuild.rebuild import REBUILD_LOCK
from projections.records.inbox import RECEIVE_LOCK
from tests.support import given, then
from tests.support.api.given import OTHER_KEY, SECRET_KEY
from tests.support.processes import sendtrail
from tests.upgrades import schemas

REFUSED = (
    "SENDTRAIL_SECRET_KEY: expected the key that this database was made with, or the one that"
    " 'sendtrail keys rotate-secret' has put in its place"
)


def test_another_key_is_refused_in_one_line_and_changes_nothing(container: Container) -> None:
    given.lead(container)
    url, before = container.database.url, schemas.everything(container.database.url)

    results = [
        sendtrail(*command, database_url=url, secret_key=OTHER_KEY)
        for command in (["status"], ["run", "--once"], ["rebuild"], ["db", "migrate"])
    ]

    assert [(r.returncode, r.stdout, r.stderr) for r in results] == [
        (1, "", f"Error: {REFUSED}\n")
    ] * 4
    assert schemas.everything(url) == before


def test_the_first_key_becomes_the_key_of_the_database(container: Container) -> None:
    """No other one opens it from then on, whichever process asks."""
    url = container.database.url
    with container.database.transaction() as connection:
        # As in a new database.
        connection.exec_driver_sql("DELETE FROM secret_check; DELETE FROM identity_key")

    Container(Settings(database_url=url, secret_key=OTHER_KEY)).close()

    with pytest.raises(SettingsError, match=REFUSED):
        Container(Settings(database_url=url, secret_key=SECRET_KEY))
    Container(Settings(database_url=url, secret_key=OTHER_KEY)).close()
    assert len(then.table(container, "secret_check")) == 1


def test_every_advisory_lock_is_one_of_its_own() -> None:
    """Two of one number would make a rebuild and a registration wait for each other."""
    locks = [SCHEMA_LOCK, SECRET_LOCK, APPEND_LOCK, REBUILD_LOCK, RECEIVE_LOCK]

    assert len(set(locks)) == len(locks)

"""A process with another secret key does not start, and has changed nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from domain.errors import SettingsError
from projections.config.settings import Settings
from projections.container import Container
from projections.records import credentials
from tests.support import given, then
from tests.support.api.given import NOBODY, OTHER_KEY, SECRET_KEY
from tests.support.processes import sendtrail
from tests.upgrades import schemas

REFUSED = "SENDTRAIL_SECRET_KEY: expected the key that this database was made with"


def forget_check(connection: Connection) -> None:
    """As an earlier version left the database."""
    connection.exec_driver_sql("DROP TABLE secret_check")


def test_another_key_is_refused_in_one_line_and_changes_nothing(container: Container) -> None:
    given.lead(container)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE deliveries")  # which a start would make again
    url, before = container.database.url, schemas.everything(container.database.url)

    results = [
        sendtrail(*command, database_url=url, secret_key=OTHER_KEY)
        for command in (["status"], ["run", "--once"], ["rebuild"])
    ]

    assert [(r.returncode, r.stdout, r.stderr) for r in results] == [
        (1, "", f"Error: {REFUSED}\n")
    ] * 3
    assert schemas.everything(url) == before


def test_the_first_key_becomes_the_key_of_the_database(container: Container) -> None:
    """Of one that an earlier version made, which kept no check value."""
    url = container.database.url
    with container.database.transaction() as connection:
        forget_check(connection)

    Container(Settings(database_url=url, secret_key=OTHER_KEY)).close()

    with pytest.raises(SettingsError, match=REFUSED):
        Container(Settings(database_url=url, secret_key=SECRET_KEY))
    Container(Settings(database_url=url, secret_key=OTHER_KEY)).close()
    assert len(then.table(container, "secret_check")) == 1


def test_a_first_key_that_does_not_open_the_credentials_is_not_taken(container: Container) -> None:
    """An earlier version encrypted these: the right key must still be welcome."""
    url = container.database.url
    with container.database.transaction() as connection:
        forget_check(connection)
        credentials.put(connection, NOBODY, {"password": "s3cret"}, SECRET_KEY)

    with pytest.raises(SettingsError, match=REFUSED):
        Container(Settings(database_url=url, secret_key=OTHER_KEY))

    Container(Settings(database_url=url, secret_key=SECRET_KEY)).close()
    assert len(then.table(container, "secret_check")) == 1

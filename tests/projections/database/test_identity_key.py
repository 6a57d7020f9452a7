"""The identity key: made once, encrypted with the secret key, and what ids of leads follow from."""

from __future__ import annotations

import pytest

from domain.errors import StorageError
from domain.lead import lead_id
from projections.config.settings import Settings
from projections.container import Container
from projections.database import identity_key
from projections.database.engine import Database
from projections.database.installation import create_schema
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.upgrades import schemas

PHONE = given.phone(1)


def settings(url: str) -> Settings:
    return Settings(database_url=url, secret_key=SECRET_KEY)


def test_it_stays_and_the_database_has_it_only_encrypted(container: Container) -> None:
    lead = given.lead(container)

    with Container(settings(container.database.url)) as another:
        assert another.outreach.identity == container.outreach.identity
        assert another.outreach.lead_id(PHONE) == lead

    key = container.outreach.identity
    assert (len(key), lead) == (32, lead_id(key, PHONE))
    assert key.hex() not in str(schemas.everything(container.database.url))
    (stored,) = then.table(container, "identity_key")
    assert len(stored.key) == 60


def test_the_same_phone_has_another_id_in_another_installation(container: Container) -> None:
    """Also where the other one is a copy that lost its key, and no id can be found by trying."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM identity_key")

    with Container(settings(container.database.url)) as another:
        assert another.outreach.namespace == container.outreach.namespace
        assert another.outreach.lead_id(PHONE) != container.outreach.lead_id(PHONE)


def test_processes_that_open_a_database_at_once_make_one(container: Container) -> None:
    url = container.database.url
    with container.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM identity_key")

    def opened() -> bytes:
        with Container(settings(url)) as another:
            return another.outreach.identity

    assert len(set(when.at_once(*[opened] * 4))) == 1


def test_a_process_without_a_secret_key_makes_none(container: Container) -> None:
    url = container.database.url
    with container.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM identity_key")
    database = Database(url)

    create_schema(database)

    assert then.table(container, "identity_key") == []
    with pytest.raises(StorageError, match="opened with a secret key"):
        identity_key.read(database)
    database.close()


@pytest.mark.parametrize("altered", ["'\\x00'", "set_byte(key, 20, get_byte(key, 20) # 1)"])
def test_an_altered_one_is_named_and_never_replaced(container: Container, altered: str) -> None:
    """With another one everybody would be a stranger."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE identity_key SET key = {altered}")
    before = [bytes(row.key) for row in then.table(container, "identity_key")]

    with pytest.raises(StorageError, match="the identity key was altered"):
        Container(settings(container.database.url))

    assert [bytes(row.key) for row in then.table(container, "identity_key")] == before

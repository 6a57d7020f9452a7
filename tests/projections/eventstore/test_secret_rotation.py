"""Another secret key for a database: all opens with the new one, and nothing is written with the
old one any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from domain.errors import SendtrailError, StorageError
from projections.config.settings import Settings
from projections.container import Container
from projections.database.secret_check import SECRET_LOCK, OtherSecretKeyError
from projections.eventstore import lead_keys
from projections.eventstore.secret_rotation import Rotated, rotate
from projections.outbox import subscriptions
from projections.records import credentials
from tests.support import given, then
from tests.support.api.given import NOBODY, OTHER_KEY, SECRET_KEY
from tests.upgrades import schemas

REPLACED = "SENDTRAIL_SECRET_KEY: expected the key that this database has got meanwhile"
SECRET = {"password": "s3cret"}


def nothing() -> None:
    """No file has to be replaced."""


def unnoted(connection: Connection) -> None:
    """The log is looked at elsewhere."""


def opened(container: Container, secret_key: str) -> Container:
    return Container(Settings(database_url=container.database.url, secret_key=secret_key))


def subscribe(container: Container) -> str:
    with container.database.transaction() as connection:
        return subscriptions.create(
            connection,
            container.outreach.new_id(),
            "https://crm.example.com/hook",
            ["message.sent"],
            False,
            container.secret_key,
            container.outreach.clock(),
        )


def give_another_secret(container: Container) -> str:
    """To the only subscription, or to none."""
    with container.database.transaction() as connection:
        ids = [row.subscription_id for row in subscriptions.every(connection)] or [NOBODY]
        now = container.outreach.clock()
        return subscriptions.rotate(connection, ids[0], container.secret_key, now)


def give_credentials(container: Container) -> None:
    with container.database.transaction() as connection:
        credentials.put(
            connection, NOBODY, SECRET, container.secret_key, container.outreach.clock()
        )


def test_everything_opens_with_the_new_key_alone(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages of keys there are, and whichever of them an early version left plain."""
    monkeypatch.setattr(lead_keys, "PAGE", 3)
    leads = given.many_leads(container, 8, name="Aisyah")
    with container.database.transaction() as connection:
        keys = lead_keys.read(connection, leads)
        connection.exec_driver_sql(
            "UPDATE lead_keys SET key = %(key)s WHERE lead_id = %(id)s",
            {"key": keys[leads[0]], "id": str(leads[0])},
        )
    give_credentials(container)
    former, progress = subscribe(container), list[int]()
    secret = give_another_secret(container)

    done = rotate(container.database, OTHER_KEY, nothing, nothing, unnoted, progress.append)

    assert (done, progress) == (Rotated(leads=8, secrets=3), [3, 6, 8])
    with pytest.raises(OtherSecretKeyError, match="the key that this database was made with"):
        opened(container, SECRET_KEY)
    with opened(container, OTHER_KEY) as anew:
        assert anew.outreach.identity == container.outreach.identity
        assert {anew.outreach.get_lead(lead).profile.name for lead in leads} == {"Aisyah"}
        with anew.database.transaction() as connection:
            assert lead_keys.read(connection, leads) == keys
            credentials.check(connection, anew.secrets)
            (row,) = subscriptions.every(connection)
        assert anew.secrets.read(row.ciphertext) == {"secret": secret}
        assert anew.secrets.read(row.former_ciphertext) == {"secret": former}
        assert {len(row.key) for row in then.table(anew, "lead_keys")} == {60}


@pytest.mark.parametrize(
    "work",
    [
        lambda container: given.lead(container, 9),
        lambda container: container.outreach.opt_in(
            container.outreach.lead_id(given.phone(1)), "", actor="api:test"
        ),
        give_credentials,
        subscribe,
        give_another_secret,
        lambda container: rotate(container.database, OTHER_KEY, nothing, nothing, unnoted),
    ],
    ids=[
        "a new lead",
        "a known lead",
        "credentials",
        "a subscription",
        "another secret",
        "another rotation",
    ],
)
def test_a_process_with_the_old_key_writes_nothing(
    container: Container, work: Callable[[Container], Any]
) -> None:
    """It is told why, and the database is as it was."""
    given.lead(container, 1)
    rotate(container.database, OTHER_KEY, nothing, nothing, unnoted)
    before = schemas.everything(container.database.url)

    with pytest.raises(OtherSecretKeyError, match=REPLACED):
        work(container)

    assert schemas.everything(container.database.url) == before


def test_a_rotation_waits_for_keys_that_are_being_made(container: Container) -> None:
    """So that none of them is left with the old key."""
    rotated: list[Rotated] = []
    thread = threading.Thread(
        target=lambda: rotated.append(
            rotate(container.database, OTHER_KEY, nothing, nothing, unnoted)
        )
    )

    with container.database.transaction() as connection:
        lead_keys.make(connection, [NOBODY])
        thread.start()
        then.soon(lambda: waiting(container))
        assert rotated == []
    thread.join(60)

    assert rotated == [Rotated(leads=1, secrets=0)]
    with opened(container, OTHER_KEY) as anew, anew.database.transaction() as connection:
        assert lead_keys.read(connection, [NOBODY]).keys() == {NOBODY}


def waiting(container: Container) -> bool:
    return bool(
        then.table(
            container,
            "pg_locks WHERE locktype = 'advisory' AND NOT granted"
            f" AND objid = {SECRET_LOCK} AND mode = 'ExclusiveLock'",
        )
    )


def test_who_makes_keys_meanwhile_waits_and_is_refused(container: Container) -> None:
    """The new key is in its place when they go on."""
    refused: list[BaseException] = []
    seen: list[str] = []

    def register() -> None:
        try:
            given.lead(container, 9)
        except SendtrailError as error:
            refused.append(error)
            seen.append("refused")

    thread = threading.Thread(target=register)

    def keep() -> None:
        thread.start()
        then.soon(
            lambda: then.table(
                container,
                "pg_locks WHERE locktype = 'advisory' AND NOT granted"
                f" AND objid = {SECRET_LOCK} AND mode = 'ShareLock'",
            )
        )

    rotate(container.database, OTHER_KEY, keep, lambda: seen.append("in its place"), unnoted)
    thread.join(60)

    assert [type(error) for error in refused] == [OtherSecretKeyError]
    assert seen == ["in its place", "refused"]
    assert then.table(container, "leads") == []


@pytest.mark.parametrize("fault", ["lead_keys", "identity_key", "device_secrets"])
def test_what_cannot_be_decrypted_stops_the_rotation(container: Container, fault: str) -> None:
    """In one transaction: either all is encrypted anew, or nothing is."""
    given.many_leads(container, 3)
    give_credentials(container)
    column = "ciphertext" if fault == "device_secrets" else "key"
    with container.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE {fault} SET {column} = 'x'")
    before = schemas.everything(container.database.url)

    with pytest.raises(SendtrailError):
        rotate(container.database, OTHER_KEY, nothing, nothing, unnoted)

    assert schemas.everything(container.database.url) == before
    # And nobody waits for it.
    given.lead(container, 9)


def test_a_place_that_cannot_keep_the_new_key_changes_nothing(container: Container) -> None:
    before = schemas.everything(container.database.url)

    def keep() -> None:
        raise StorageError("the disk is full")

    with pytest.raises(StorageError, match="the disk is full"):
        rotate(container.database, OTHER_KEY, keep, nothing, unnoted)

    assert schemas.everything(container.database.url) == before

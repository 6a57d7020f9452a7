"""Leads' keys at rest: of no use to who has the table and not the secret key."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.errors import StorageError
from projections.config.secret_key import key_cipher
from projections.container import Container
from projections.database.engine import Database
from projections.eventstore import lead_keys
from tests.support import given, then
from tests.support.api.given import OTHER_KEY, SECRET_KEY

AISYAH, SITI = UUID(int=1), UUID(int=2)
KEY = bytes(range(32))


def test_a_key_is_stored_encrypted_and_comes_back(container: Container) -> None:
    """60 bytes with a nonce of their own, without the key in them."""
    with container.database.transaction() as connection:
        made = lead_keys.make(connection, [SITI, AISYAH])
        read = lead_keys.read(connection, [AISYAH, SITI, UUID(int=3)])

    stored = {row.lead_id: bytes(row.key) for row in then.table(container, "lead_keys")}
    assert read == made
    assert {len(key) for key in made.values()} == {32}
    assert len({*made.values()}) == 2
    assert {len(data) for data in stored.values()} == {60}
    assert [lead for lead in made if made[lead] in stored[lead]] == []
    assert len({data[:12] for data in stored.values()}) == 2


def test_the_same_key_is_never_stored_alike() -> None:
    cipher = key_cipher(SECRET_KEY)
    assert lead_keys.wrap(cipher, AISYAH, KEY) != lead_keys.wrap(cipher, AISYAH, KEY)


@pytest.mark.parametrize("place", [0, 12, 59])
def test_an_altered_key_is_refused(place: int) -> None:
    """One bit of the nonce, the key or the tag."""
    stored = bytearray(lead_keys.wrap(key_cipher(SECRET_KEY), AISYAH, KEY))
    stored[place] ^= 1

    with pytest.raises(StorageError, match=f"the key of lead {AISYAH} was altered"):
        lead_keys.unwrap(key_cipher(SECRET_KEY), AISYAH, bytes(stored))


def test_a_key_opens_under_its_own_lead_and_secret_alone() -> None:
    """Neither as another lead's nor with another secret key, nor cut short."""
    stored = lead_keys.wrap(key_cipher(SECRET_KEY), AISYAH, KEY)

    assert lead_keys.unwrap(key_cipher(SECRET_KEY), str(AISYAH), memoryview(stored)) == KEY
    for secret, lead, data in (
        (SECRET_KEY, SITI, stored),
        (OTHER_KEY, AISYAH, stored),
        (SECRET_KEY, AISYAH, stored[:-1]),
        (SECRET_KEY, AISYAH, b""),
    ):
        with pytest.raises(StorageError, match="was altered"):
            lead_keys.unwrap(key_cipher(secret), lead, data)


def test_what_an_earlier_version_stored_is_read_as_it_is() -> None:
    assert lead_keys.unwrap(key_cipher(SECRET_KEY), AISYAH, KEY) == KEY


def test_without_a_secret_key_personal_data_is_neither_written_nor_read(
    container: Container,
) -> None:
    given.lead(container)
    keyless = Database(container.database.url)
    try:
        with keyless.transaction() as connection:
            for work in (lead_keys.read, lead_keys.make):
                with pytest.raises(StorageError, match="opened with a secret key"):
                    work(connection, [AISYAH])
    finally:
        keyless.close()

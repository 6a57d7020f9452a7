"""The installation's identity key: what ids of leads follow from.

It is 32 random bytes, made once. The database has it only encrypted, with a key that is derived
from the secret key: whoever has a copy of the database alone cannot try phones against ids. The
cipher is AES-256-GCM.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection

from domain.errors import StorageError
from projections.config.secret_key import identity_cipher
from projections.database import secret_check
from projections.database.engine import OPENING_KEY, Database, rows

KEY_BYTES, NONCE_BYTES = 32, 12


def keep(connection: Connection, secret_key: str | None) -> None:
    """Make the identity key of the database, if it has none, and commit.

    A process without a ``secret_key`` makes none. Raises OtherSecretKeyError if ``secret_key`` is
    not the database's any more.
    """
    if secret_key is None or _stored(connection) is not None:
        return
    secret_check.hold(connection)
    connection.exec_driver_sql(
        "INSERT INTO identity_key (singleton, key) VALUES (true, %(key)s) ON CONFLICT DO NOTHING",
        {"key": _wrap(secret_key, os.urandom(KEY_BYTES))},
    )
    connection.commit()


def read(database: Database) -> bytes:
    """The identity key. Raises StorageError if there is none or it was altered, or ``database`` was
    opened without a secret key, and OtherSecretKeyError if that is not the database's any more."""
    if database.secret_key is None:
        raise StorageError("the identity key: expected a database opened with a secret key")
    with database.transaction() as connection:
        secret_check.hold(connection)
        stored = _stored(connection)
    if stored is None:
        raise StorageError("the identity key: expected one in the table identity_key")
    return _unwrap(database.secret_key, stored)


def of(connection: Connection) -> bytes:
    """The identity key, in a transaction that holds the secret key of the connection's database.
    Raises StorageError if there is none or it was altered."""
    secret_key, stored = connection.get_execution_options()[OPENING_KEY], _stored(connection)
    if secret_key is None or stored is None:
        raise StorageError("the identity key: expected one in the table identity_key")
    return _unwrap(secret_key, stored)


def encrypt_anew(connection: Connection, old_key: str, new_key: str) -> None:
    """Encrypt the identity key with the secret key ``new_key`` in place of ``old_key``.

    Raises StorageError if it was altered.
    """
    stored = _stored(connection)
    if stored is not None:
        connection.exec_driver_sql(
            "UPDATE identity_key SET key = %(key)s",
            {"key": _wrap(new_key, _unwrap(old_key, stored))},
        )


def _stored(connection: Connection) -> bytes | None:
    found = rows(connection, "SELECT key FROM identity_key")
    return bytes(found[0].key) if found else None


def _wrap(secret_key: str, key: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + identity_cipher(secret_key).encrypt(nonce, key, None)


def _unwrap(secret_key: str, stored: bytes) -> bytes:
    nonce, ciphertext = stored[:NONCE_BYTES], stored[NONCE_BYTES:]
    try:
        return identity_cipher(secret_key).decrypt(nonce, ciphertext, None)
    except (InvalidTag, ValueError):
        raise StorageError("the identity key was altered") from None

"""Credentials of devices: encrypted at rest, never in events, logs, responses or error texts."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from uuid import UUID

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection

from domain.errors import SettingsError
from projections.database import secret_check
from projections.database.engine import rows
from projections.records import webhook_secrets

_OTHER = "SENDTRAIL_SECRET_KEY: expected the key that the credentials were kept with"
# The tables with a column ``ciphertext``, and their keys.
_ENCRYPTED = (
    ("device_secrets", "device_id"),
    ("subscriptions", "subscription_id"),
    ("former_secrets", "subscription_id"),
    ("chatwoot_inboxes", "subscription_id"),
)


def put(
    connection: Connection,
    device_id: UUID,
    credentials: dict[str, str],
    secret_key: str,
    now: datetime,
) -> None:
    """Store a device's credentials in place of those it had until ``now``; empty ones delete them.

    Raises OtherSecretKeyError if the database has another secret key by now.
    """
    if not credentials:
        connection.exec_driver_sql(
            "DELETE FROM device_secrets WHERE device_id = %(id)s", {"id": device_id}
        )
        webhook_secrets.note(connection, device_id, {}, now)
        return
    secret_check.hold(connection)
    connection.exec_driver_sql(
        "INSERT INTO device_secrets (device_id, ciphertext) VALUES (%(id)s, %(ciphertext)s)"
        " ON CONFLICT (device_id) DO UPDATE SET ciphertext = excluded.ciphertext",
        {
            "id": device_id,
            "ciphertext": encrypt(credentials, secret_key),
        },
    )
    webhook_secrets.note(connection, device_id, credentials, now)


def names(connection: Connection, device_id: UUID, secret_key: str) -> frozenset[str]:
    """The names of the credentials that are stored of a device. Raises SettingsError if another key
    encrypted them."""
    stored = rows(
        connection,
        "SELECT ciphertext FROM device_secrets WHERE device_id = %(id)s",
        id=str(device_id),
    )
    reader = Reader(secret_key)
    return frozenset(name for row in stored for name in reader.read(row.ciphertext))


def encrypt(credentials: dict[str, str], secret_key: str) -> bytes:
    """The ciphertext of credentials, for a ``Reader``."""
    return Fernet(secret_key).encrypt(msgspec.json.encode(credentials))


class Reader:
    """Decrypts credentials with the key ``secret_key``.

    Each ciphertext is decrypted once, because that takes longer than the rest of a dispatch.
    """

    def __init__(self, secret_key: str) -> None:
        self._fernet = Fernet(secret_key)
        self._decrypt = lru_cache(maxsize=10_000)(self._decrypt_anew)

    def read(self, ciphertext: bytes | memoryview | None) -> dict[str, str]:
        """The credentials of that ciphertext; empty for None. Raises SettingsError if another key
        encrypted it."""
        return {} if ciphertext is None else self._decrypt(bytes(ciphertext))

    def _decrypt_anew(self, ciphertext: bytes) -> dict[str, str]:
        try:
            plain = self._fernet.decrypt(ciphertext)
        except InvalidToken:
            raise SettingsError(_OTHER) from None
        return msgspec.json.decode(plain, type=dict[str, str])


def check(connection: Connection, reader: Reader) -> None:
    """Raise SettingsError if there are credentials that ``reader`` cannot read."""
    for row in rows(connection, "SELECT ciphertext FROM device_secrets"):
        reader.read(row.ciphertext)


def encrypt_anew(connection: Connection, old_key: str, new_key: str) -> int:
    """Encrypt the credentials of all devices, and all secrets of subscriptions, with the secret key
    ``new_key`` in place of ``old_key``; return how many.

    Nobody may store any meanwhile. Raises SettingsError if another key encrypted one of them.
    """
    old, new, done = Fernet(old_key), Fernet(new_key), 0
    for table, key in _ENCRYPTED:
        for row in rows(connection, f"SELECT {key} AS id, ciphertext FROM {table}"):
            try:
                plain = old.decrypt(bytes(row.ciphertext))
            except InvalidToken:
                raise SettingsError(_OTHER) from None
            connection.exec_driver_sql(
                f"UPDATE {table} SET ciphertext = %(ciphertext)s WHERE {key} = %(id)s",
                {"ciphertext": new.encrypt(plain), "id": row.id},
            )
            done += 1
    return done

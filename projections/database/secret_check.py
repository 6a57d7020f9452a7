"""Proves that a process has the secret key that the database was made with."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection

from domain.errors import SettingsError
from projections.database.engine import rows

_TEXT = b"sendtrail"
_OTHER = "SENDTRAIL_SECRET_KEY: expected the key that this database was made with"

# What an earlier version, which kept no check value, encrypted with the key.
_ENCRYPTED = """
SELECT ciphertext FROM device_secrets UNION ALL SELECT ciphertext FROM subscriptions
"""


def check(connection: Connection, secret_key: str | None) -> None:
    """Raise SettingsError if the database was made with another key than ``secret_key``.

    The first key that a database meets becomes its key, if it decrypts what is encrypted there.
    None, the key of a process that reads and writes nothing encrypted, passes.
    """
    if secret_key is None:
        return
    kept = token(connection)
    if kept is not None:
        verify(kept, secret_key)
        return
    for row in rows(connection, _ENCRYPTED):
        _decrypt(bytes(row.ciphertext), secret_key)
    connection.exec_driver_sql(
        "INSERT INTO secret_check (singleton, token) VALUES (true, %(token)s)",
        {"token": Fernet(secret_key).encrypt(_TEXT)},
    )


def token(connection: Connection) -> bytes | None:
    """The check value of the database, a Fernet token; None before the first key."""
    found = rows(connection, "SELECT token FROM secret_check")
    return bytes(found[0].token) if found else None


def verify(kept: bytes, secret_key: str) -> None:
    """Raise SettingsError unless ``secret_key`` made the check value ``kept``."""
    if _decrypt(kept, secret_key) != _TEXT:
        raise SettingsError(_OTHER)


def _decrypt(ciphertext: bytes, secret_key: str) -> bytes:
    try:
        return Fernet(secret_key).decrypt(ciphertext)
    except InvalidToken:
        raise SettingsError(_OTHER) from None

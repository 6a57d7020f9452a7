"""Proves that a process has the secret key that the database was made with."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection

from domain.errors import SettingsError
from projections.database.engine import rows

_TEXT = b"sendtrail"
_OTHER = "SENDTRAIL_SECRET_KEY: expected the key that this database was made with"


def refuse_another(connection: Connection, secret_key: str | None) -> None:
    """Raise SettingsError if the database was made with another key than ``secret_key``.

    None, the key of a process that reads and writes nothing encrypted, passes, as every key does
    where there is no check value yet.
    """
    if secret_key is not None:
        kept = token(connection)
        if kept is not None:
            verify(kept, secret_key)


def keep(connection: Connection, secret_key: str | None) -> None:
    """Make ``secret_key`` the key of the database, if it has none, and commit.

    Raises SettingsError if another process made another key the database's meanwhile.
    """
    if secret_key is None or token(connection) is not None:
        return
    connection.exec_driver_sql(
        "INSERT INTO secret_check (singleton, token) VALUES (true, %(token)s)"
        " ON CONFLICT DO NOTHING",
        {"token": Fernet(secret_key).encrypt(_TEXT)},
    )
    connection.commit()
    refuse_another(connection, secret_key)


def token(connection: Connection) -> bytes | None:
    """The check value of the database, a Fernet token; None before the first key."""
    made = connection.exec_driver_sql("SELECT to_regclass('public.secret_check')").scalar_one()
    found = [] if made is None else rows(connection, "SELECT token FROM secret_check")
    return bytes(found[0].token) if found else None


def verify(kept: bytes, secret_key: str) -> None:
    """Raise SettingsError unless ``secret_key`` made the check value ``kept``."""
    try:
        if Fernet(secret_key).decrypt(kept) == _TEXT:
            return
    except InvalidToken:
        pass
    raise SettingsError(_OTHER)

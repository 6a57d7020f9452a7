"""Proves that a process has the secret key of the database, when it starts and whenever it matters.

The key may be replaced by another one while processes live (``records/secret_rotation``). So
whoever encrypts something for the database ``hold``s the key until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection

from domain.errors import SettingsError
from projections.database.engine import OPENING_KEY, rows

# The advisory lock that is shared by whoever encrypts, and is the rotation's alone.
SECRET_LOCK = 0x5E4D7244

_TEXT = b"sendtrail"
# The check value of the database; no row before the first key.
KEPT = "SELECT token FROM secret_check"
# What ``hold`` waits for. Whoever encrypts in one statement may say this before it, and ``check``
# what ``KEPT`` gives within it.
HOLD = f"SELECT pg_advisory_xact_lock_shared({SECRET_LOCK})"
_OTHER = (
    "SENDTRAIL_SECRET_KEY: expected the key that this database was made with, or the one that"
    " 'sendtrail keys rotate-secret' has put in its place"
)
_REPLACED = (
    "SENDTRAIL_SECRET_KEY: expected the key that this database has got meanwhile by 'sendtrail keys"
    " rotate-secret': start again with it (where nothing but the file secret.key in SENDTRAIL_HOME"
    " has the key, it is there already)"
)


class OtherSecretKeyError(SettingsError):
    """The database was made with another secret key, or has got another one since."""


def refuse_another(connection: Connection, secret_key: str | None) -> None:
    """Raise OtherSecretKeyError if the database has another key than ``secret_key``.

    None, the key of a process that reads and writes nothing encrypted, passes, as every key does
    where there is no check value yet.
    """
    if secret_key is not None:
        kept = token(connection)
        if kept is not None:
            verify(kept, secret_key)


def hold(connection: Connection) -> None:
    """Keep the secret key of the database from being replaced until the transaction ends.

    Raises OtherSecretKeyError if it is not the key that the connection's database was opened with.
    It waits for a rotation under way.
    """
    # One round trip. The second statement has a snapshot of its own, taken when the lock is held.
    check(connection, rows(connection, f"{HOLD}; {KEPT}"))


def refuse_replaced(connection: Connection) -> None:
    """Raise OtherSecretKeyError if the database has got another secret key than the one that the
    connection's database was opened with."""
    check(connection, rows(connection, KEPT))


def check(connection: Connection, found: Sequence[Any]) -> None:
    """The same of what ``KEPT`` gave."""
    secret_key = connection.get_execution_options()[OPENING_KEY]
    if found and not made_by(bytes(found[0].token), secret_key):
        raise OtherSecretKeyError(_REPLACED)


def keep(connection: Connection, secret_key: str | None) -> None:
    """Make ``secret_key`` the key of the database, if it has none, and commit.

    Raises OtherSecretKeyError if another process made another key the database's meanwhile.
    """
    if secret_key is None or token(connection) is not None:
        return
    connection.exec_driver_sql(
        "INSERT INTO secret_check (singleton, token) VALUES (true, %(token)s)"
        " ON CONFLICT DO NOTHING",
        {"token": _made(secret_key)},
    )
    connection.commit()
    refuse_another(connection, secret_key)


def replace(connection: Connection, new_key: str) -> None:
    """Make ``new_key`` the key of the database, which has one."""
    connection.exec_driver_sql(
        "UPDATE secret_check SET token = %(token)s", {"token": _made(new_key)}
    )


def token(connection: Connection) -> bytes | None:
    """The check value of the database, a Fernet token; None before the first key."""
    made = connection.exec_driver_sql("SELECT to_regclass('public.secret_check')").scalar_one()
    found = [] if made is None else rows(connection, KEPT)
    return bytes(found[0].token) if found else None


def verify(kept: bytes, secret_key: str) -> None:
    """Raise OtherSecretKeyError unless ``secret_key`` made the check value ``kept``."""
    verify_any([kept], secret_key)


def verify_any(kept: Iterable[bytes], secret_key: str) -> None:
    """Raise OtherSecretKeyError unless ``secret_key`` made one of these check values."""
    if not any(made_by(token, secret_key) for token in kept):
        raise OtherSecretKeyError(_OTHER)


# Every command that encrypts asks about the same two.
@lru_cache(maxsize=4)
def made_by(kept: bytes, secret_key: str) -> bool:
    """Whether ``secret_key`` made the check value ``kept``."""
    try:
        return Fernet(secret_key).decrypt(kept) == _TEXT
    except InvalidToken:
        return False


def _made(secret_key: str) -> bytes:
    return Fernet(secret_key).encrypt(_TEXT)

"""Replaces the secret key of a database: all that it encrypts is encrypted anew, or nothing is.

A copy of the database that was made before still opens with the old key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection

from domain.errors import StorageError
from projections.database import identity_key, secret_check
from projections.database.engine import Database
from projections.eventstore import lead_keys
from projections.records import credentials


class Rotated(NamedTuple):
    """How many keys of leads were encrypted anew, and how many credentials of devices and secrets
    of subscriptions."""

    leads: int
    secrets: int


def rotate(
    database: Database,
    new_key: str,
    keep: Callable[[], None],
    put_in_place: Callable[[], None],
    note: Callable[[Connection], None],
    progress: Callable[[int], None] = lambda done: None,
) -> Rotated:
    """Make ``new_key`` the secret key of ``database``, which was opened with the present one.

    ``keep`` is called before anything is committed: it puts the new key where it outlives this
    process. ``note`` notes in the log, before the commit, what was done; ``put_in_place`` is called
    after it. Others that encrypt wait until then, and find that their key is no longer the
    database's. ``progress`` gets the number of leads done.
    Raises OtherSecretKeyError if the key was replaced meanwhile, StorageError or SettingsError if
    something cannot be decrypted; nothing has changed then.
    """
    old_key = database.secret_key
    if old_key is None:
        raise StorageError("the secret key: expected a database that was opened with one")
    with database.engine.connect() as connection:
        try:
            # The session's, not the transaction's: it is held until the key is in its place.
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({secret_check.SECRET_LOCK})")
            connection.commit()
            with connection.begin():
                secret_check.refuse_replaced(connection)
                keep()
                leads = lead_keys.encrypt_anew(connection, old_key, new_key, progress)
                secrets = credentials.encrypt_anew(connection, old_key, new_key)
                identity_key.encrypt_anew(connection, old_key, new_key)
                secret_check.replace(connection, new_key)
                note(connection)
                database.fault_point("rotate.before_commit")
            database.fault_point("rotate.after_commit")
            put_in_place()
        finally:
            connection.invalidate()  # its session ends, and the lock with it
    return Rotated(leads, secrets)

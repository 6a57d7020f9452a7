"""The file that somebody who is signed in imports: kept from the dry run to the import.

A browser gives a file once. So it is kept for its session, encrypted with the secret key, because
people are in it; one file for each session, for two hours, and no longer than the session.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection

from projections.database import secret_check
from projections.database.engine import rows

LASTS = timedelta(hours=2)
# In bytes. Three hundred thousand people fit in; larger files are for the command line.
LARGEST = 32 * 1024 * 1024
# In bytes, of a row's part.
PART = 1024 * 1024


def put(
    connection: Connection,
    session: str,
    name: str,
    file: IO[bytes],
    *,
    secret_key: str,
    now: datetime,
) -> bool:
    """Keep the file, called ``name``, in place of the session's former one. ``session`` is its
    secret. False if the file is larger than ``LARGEST``, or empty. What is over is forgotten.

    Raises OtherSecretKeyError if the database has another secret key by now.
    """
    secret_check.hold(connection)
    forget(connection, session)
    connection.exec_driver_sql("DELETE FROM web_uploads WHERE expires_at <= %(now)s", {"now": now})
    fernet = Fernet(secret_key)
    size = 0
    for number, part in enumerate(_parts(file)):
        size += len(part)
        if size > LARGEST:
            forget(connection, session)
            return False
        connection.exec_driver_sql(
            "INSERT INTO web_uploads (session_sha256, part, name, ciphertext, expires_at)"
            " VALUES (%(session)s, %(part)s, %(name)s, %(ciphertext)s, %(until)s)",
            {
                "session": _hash(session),
                "part": number,
                "name": name,
                "ciphertext": base64.urlsafe_b64decode(fernet.encrypt(part)),
                "until": now + LASTS,
            },
        )
    return size > 0


def find(
    connection: Connection, session: str, *, secret_key: str, now: datetime
) -> tuple[str, bytes] | None:
    """The name and the content of the session's file; None if it has none any more."""
    found = rows(
        connection,
        "SELECT name, ciphertext FROM web_uploads"
        " WHERE session_sha256 = %(session)s AND expires_at > %(now)s ORDER BY part",
        session=_hash(session),
        now=now,
    )
    if not found:
        return None
    fernet = Fernet(secret_key)
    try:
        parts = [fernet.decrypt(base64.urlsafe_b64encode(row.ciphertext)) for row in found]
    except InvalidToken:  # the key is another one since
        return None
    return found[0].name, b"".join(parts)


def forget(connection: Connection, session: str) -> None:
    """Delete the session's file."""
    connection.exec_driver_sql(
        "DELETE FROM web_uploads WHERE session_sha256 = %(session)s", {"session": _hash(session)}
    )


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(PART):
        yield part


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

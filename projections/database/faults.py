"""What an error of the driver means: an outage, after which the same may succeed later, or a fault.

An outage is a database that is away, read-only, full or busy. It is told in a few words that fit a
sentence; they name nobody and hold no value of a row.
"""

from __future__ import annotations

import psycopg2
from eventsourcing.persistence import MapperDeserialisationError, PersistenceError
from eventsourcing.utils import TopicError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import IntegrityError as RefusedRowError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.errors import ConflictError, SettingsError, StorageError
from projections.database.quarantined import FaultyError

AWAY = "the database does not answer"
BUSY = "the database is busy"
UNREADABLE = "one of its events is not what was written; sendtrail audit verify names it"
READ_ONLY = "the database is read-only"
DISK_FULL = "the database has no space left on its disk"
NO_MEMORY = "the database has no memory left"
NO_CONNECTION = "the database has no connection left"
NO_ROOM = "the database has reached a limit of its server"
POOL_IN_USE = "all connections to the database are in use"

# The server says what happened in five characters; PostgreSQL manual, "PostgreSQL Error Codes".
READ_ONLY_CODE = "25006"
_OUTAGES = {
    READ_ONLY_CODE: READ_ONLY,
    "25P03": AWAY,  # the session stood still in a transaction, and was ended
    "25P04": BUSY,  # the transaction took longer than the server allows
    "40001": BUSY,
    "40P01": BUSY,
    "53100": DISK_FULL,
    "53200": NO_MEMORY,
    "53300": NO_CONNECTION,
    "55006": BUSY,
    "55P03": BUSY,
    "57014": BUSY,  # the statement took longer than the server allows, or was cancelled
    "58030": AWAY,  # its disk does not read or write
}
# What begins so and is not above.
_OUTAGE_CLASSES = {"08": AWAY, "53": NO_ROOM, "57": AWAY}
# A connection that is refused has no code, and the text is in English unless the server was told
# otherwise. What is not found here is "away".
_REFUSALS = {
    "session is read-only": READ_ONLY,
    "too many clients": NO_CONNECTION,
    "too many connections": NO_CONNECTION,
    "connection slots are reserved": NO_CONNECTION,
}
# The text of this one names a table and no value.
_NO_PRIVILEGE = "42501"


def outage(error: BaseException) -> str | None:
    """What is the matter with the database, if ``error`` says that it is an outage; else None.

    ``error`` may be the driver's, SQLAlchemy's or any other.
    """
    if isinstance(error, PoolTimeoutError):
        return POOL_IN_USE
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg2.Error):
        return AWAY if isinstance(error, (OperationalError, InterfaceError)) else None
    code = cause.pgcode
    if code is not None:
        return _OUTAGES.get(code, _OUTAGE_CLASSES.get(code[:2]))
    # There is no connection, or it was cut, for which psycopg2 has no class.
    kinds = (psycopg2.OperationalError, psycopg2.InterfaceError)
    if not isinstance(cause, kinds) and type(cause) is not psycopg2.DatabaseError:
        return None
    text = str(cause)
    return next((found for part, found in _REFUSALS.items() if part in text), AWAY)


def is_of_content(error: Exception) -> bool:
    """Whether what was to be recorded may be at fault, and not the database, a setting, another
    process, or something that is known already to be at fault."""
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, (DataError, RefusedRowError)) and outage(error) is None
    if isinstance(error, psycopg2.Error):
        return isinstance(error, (psycopg2.DataError, psycopg2.IntegrityError))
    others = (ConflictError, FaultyError, OSError, PersistenceError, SettingsError, StorageError)
    return not isinstance(error, others)


def is_unreadable(error: BaseException) -> bool:
    """Whether ``error`` says that an event of the log is not what was written."""
    return isinstance(error, (MapperDeserialisationError, TopicError))


def is_read_only(error: BaseException | None) -> bool:
    """Whether the driver's ``error`` says that the server can only be read."""
    return isinstance(error, psycopg2.Error) and error.pgcode == READ_ONLY_CODE


def describe(error: BaseException) -> str | None:
    """``error`` in one line for a person, if it comes from the database; else None."""
    if is_unreadable(error):
        return UNREADABLE
    found = outage(error)
    if found == POOL_IN_USE:
        return found
    if found is not None:
        return f"{found}: {driver_line(error)}"
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg2.Error):
        # The text may repeat values of a row.
        known = cause.pgcode in (None, _NO_PRIVILEGE)
        what = driver_line(error) if known else f"{type(cause).__name__}, SQLSTATE {cause.pgcode}"
        return f"the database refuses: {what}"
    if isinstance(error, SQLAlchemyError):
        return f"the database refuses: {type(error).__name__}"
    return None


def driver_line(error: BaseException) -> str:
    """What the driver says of ``error``, in one line: for each host that was tried, or the first.

    It names hosts, ports, role and database, never the password.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    tried = [line for line in lines if line.startswith("connection to server")]
    return "; ".join(tried) or (lines[0] if lines else type(cause).__name__)

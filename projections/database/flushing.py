"""Commits that hold no lock while the disk or a standby is waited for.

A transaction that appends to the log commits without waiting, so that its locks are free at once.
Its owner, who is whoever began it by ``Database``, then waits by one more transaction of the same
session, before anybody is told that it was committed. PostgreSQL writes its log in one order: what
lies before a record that is safe is safe, too. decisions/0011 says what that is worth, and what
others may see meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection

from projections.database import direct

# Part of the transaction that appends.
COMMIT_WITHOUT_WAITING = "SET LOCAL synchronous_commit = off"

# In the log as a message to nobody. A transaction that writes nothing is not waited for, nor is one
# whose message is not transactional: it has no id, and so no commit record.
_WAIT = "SELECT pg_logical_emit_message(true, 'sendtrail.flush', '')"

# Key of what a pooled connection knows: the transaction whose owner waits after its commit.
_OWNED = "sendtrail.owned"

# Whether this context waited since its present answer began.
_waited: ContextVar[bool] = ContextVar("waited", default=False)


def begin_answer() -> None:
    """From now on ``has_waited`` is about another answer."""
    _waited.set(False)


def has_waited() -> bool:
    """Whether ``wait`` was called in this context since ``begin_answer``."""
    return _waited.get()


def own(connection: Connection) -> None:
    """Promise that whoever began the transaction of ``connection`` calls ``wait`` after its commit,
    if it appended."""
    connection.info[_OWNED] = connection.get_transaction()


def is_owned(connection: Connection) -> bool:
    """Whether that was promised for the present transaction; others must commit as usual."""
    owned = connection.info.get(_OWNED)
    return owned is not None and owned is connection.get_transaction()


def wait(connection: Connection) -> None:
    """Wait until all that was committed before is as safe as ``synchronous_commit`` of the session
    says: on the disk, and on the standby.

    ``connection`` must be between two transactions. Raises what a commit would raise.
    """
    with each_alone(connection):
        direct.fetch(connection, _WAIT, {})
        connection.commit()
    _waited.set(True)


@contextmanager
def each_alone(connection: Connection) -> Iterator[None]:
    """Make each statement of the block a transaction of its own: one message to the server, and one
    answer. ``connection`` must be between two transactions."""
    driver = connection.connection.dbapi_connection
    assert driver is not None  # noqa: S101
    driver.autocommit = True
    try:
        yield
    finally:
        if not driver.closed:
            driver.autocommit = False

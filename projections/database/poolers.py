"""Finds a pooler that lends its sessions out for one transaction, or for one statement.

What a session is told or has prepared, the channel it listens to and the locks that it holds are
gone there, or another's, from one transaction to the next. Sendtrail needs all of them.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any

import psycopg2

from domain.errors import StorageError
from projections.database import faults, sessions

# Connections that are compared. Where something stands between, there may be several poolers side
# by side, and two of the connections must meet at one of them.
CONNECTIONS, CONNECTIONS_BETWEEN = 2, 4
ROUNDS = 3


def refuse(url: str) -> None:
    """Raise StorageError if ``url`` leads to a pooler in transaction mode or statement mode.

    Connections are open side by side, and each is asked several times, in turn with the others,
    which process of the server it speaks to. With sessions of their own the answers are always the
    same, and never those of another. Raises StorageError if the database does not answer.
    """
    try:
        with ExitStack() as stack:
            opened = [stack.enter_context(_open(url))]
            direct = _process(opened[0]) == opened[0].info.backend_pid
            count = CONNECTIONS if direct else CONNECTIONS_BETWEEN
            opened += [stack.enter_context(_open(url)) for _ in range(count - 1)]
            answers = [[_process(connection) for connection in opened] for _ in range(ROUNDS)]
    except psycopg2.Error as error:
        raise StorageError(str(faults.describe(error))) from None
    if len(set(answers[0])) < count or answers.count(answers[0]) < ROUNDS:
        raise StorageError(
            "the database URL leads to a pooler in transaction or statement mode, which"
            " takes a session away after each transaction: use session mode, or connect to the"
            " server itself"
        )


def _open(url: str) -> Any:
    """A connection outside transactions, and what closes it."""
    connection = sessions.connect(url)
    connection.autocommit = True
    return closing(connection)


def _process(connection: Any) -> int:
    """The id of the server's process that answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])

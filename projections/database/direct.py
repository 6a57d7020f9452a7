"""Statements that the driver runs at once, in the transaction that SQLAlchemy manages.

Most statements here take less time than what SQLAlchemy does around each: it makes a context, and
describes the columns of the result anew. Here the columns are described once. What the driver
raises is raised as SQLAlchemy's errors, by SQLAlchemy itself: with its hooks, and with the
connection closed where it was cut.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import psycopg2
from sqlalchemy import Connection

T = TypeVar("T")


def fetch(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> list[Any]:
    """The rows that ``statement`` gives, as named tuples.

    Of several statements in one they are the last one's. A column whose name is no identifier, or
    comes twice, is to be had by its place. Raises what ``Connection.exec_driver_sql`` raises.
    """
    return _run(connection, statement, parameters, _rows)


def change(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> int:
    """The number of rows that ``statement`` changes. Raises as ``fetch`` does."""
    return _run(connection, statement, parameters, _count)


def _run(
    connection: Connection,
    statement: str,
    parameters: Mapping[str, Any],
    take: Callable[[Any], T],
) -> T:
    transaction = connection.get_nested_transaction() or connection.get_transaction()
    if transaction is None:
        connection.begin()
    elif not transaction.is_active:
        connection.exec_driver_sql(statement, dict(parameters))  # which says so
    session: Any = connection.connection.dbapi_connection
    cursor = None
    try:
        cursor = session.cursor()
        cursor.execute(statement, parameters)
        return take(cursor)
    except BaseException as error:
        # Beside the driver's errors SQLAlchemy has to know what interrupts a statement: what else
        # the server sends on that connection belongs to nobody.
        if isinstance(error, psycopg2.Error) or not isinstance(error, Exception):
            connection._handle_dbapi_exception(error, statement, dict(parameters), cursor, None)
        raise


def _rows(cursor: Any) -> list[Any]:
    found = cursor.fetchall()
    if not found:
        return found  # type: ignore[no-any-return]
    make = _row_class(tuple([column[0] for column in cursor.description]))
    return list(map(make, found))


def _count(cursor: Any) -> int:
    return int(cursor.rowcount)


@lru_cache(maxsize=1024)
def _row_class(names: tuple[str, ...]) -> Callable[[Any], Any]:
    """Makes a named tuple with these names of a tuple."""
    made: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    return made._make

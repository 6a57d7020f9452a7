"""Statements that each connection plans once.

Most transactions here are short and always the same, and planning such a statement takes longer
than running it. The plans are generic, so they must be right whatever the tables' size; that is why
``engine`` tells the planner to prefer indexes and nested loops.

EXECUTE takes its snapshot before it waits for its tables. A swap of tables therefore locks the
``GATE`` first, which every execution locks in a statement before it: the execution waits there, and
then sees all that was committed meanwhile.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg2
from sqlalchemy import Connection

from projections.database import direct

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_KEY = "sendtrail.prepared"
# A table that is never replaced. Only the swap of a rebuild keeps others from reading it.
GATE = "installation"


class Prepared(NamedTuple):
    """A statement for PREPARE.

    ``statement`` is as it is written, ``body`` the same with numbered parameters (``$1``). ``call``
    names the parameters for EXECUTE, in the order in which they first appear. ``first`` is another
    statement, or empty.
    """

    statement: str
    body: str
    call: str
    first: str = ""


def prepared(statement: str, *, first: str = "") -> Prepared:
    """Make a statement that each connection plans once.

    ``%(name)s`` stands for a parameter, whose type PostgreSQL must be able to infer; ``%%`` is a
    percent sign. ``first`` is sent in the same message, and runs before it: a lock, for instance,
    after which the statement sees what was committed while the lock was waited for.
    """
    names = list(dict.fromkeys(_PLACEHOLDER.findall(statement)))
    body = _PLACEHOLDER.sub(lambda match: f"${names.index(match.group(1)) + 1}", statement)
    call = ", ".join(f"%({name})s" for name in names)
    return Prepared(statement, body, call, f"{first}; " if first else "")


def execute(connection: Connection, statement: Prepared, **parameters: Any) -> int:
    """Run ``statement``, preparing it when this connection runs it for the first time; returns how
    many rows it changes."""
    return direct.change(connection, _call(connection, statement), parameters)


def fetch(connection: Connection, statement: Prepared, **parameters: Any) -> list[Any]:
    """The same; returns the rows that it gives, as ``direct.fetch`` does."""
    return direct.fetch(connection, _call(connection, statement), parameters)


def _call(connection: Connection, statement: Prepared) -> str:
    """What runs ``statement``, which this connection has prepared."""
    calls: dict[str, str] = connection.info.setdefault(_KEY, {})
    call = calls.get(statement.first + statement.statement)
    if call is None:
        name = f"sendtrail_{len(calls)}"
        # A rollback does not undo this; PostgreSQL manual, PREPARE.
        connection.exec_driver_sql(f"PREPARE {name} AS {statement.body}")
        call = calls[statement.first + statement.statement] = (
            f"{statement.first}LOCK TABLE {GATE} IN ACCESS SHARE MODE;"
            f" EXECUTE {name}({statement.call})"
        )
    return call


def execute_alone(connection: Connection, statement: Prepared, **parameters: Any) -> int:
    """The number of rows that ``statement`` changes.

    Where each statement of ``connection`` is a transaction of its own, the driver is asked, because
    SQLAlchemy takes longer than the statement. What failed is done once more by SQLAlchemy, which
    raises what has to be raised: whatever failed has kept nothing, and on a connection that was cut
    it fails again.
    """
    session: Any = connection.connection.dbapi_connection
    call = connection.info.get(_KEY, {}).get(statement.first + statement.statement)
    if call is not None and session.autocommit:
        with suppress(psycopg2.Error):
            cursor = session.cursor()
            cursor.execute(call, parameters)
            return int(cursor.rowcount)
    return execute(connection, statement, **parameters)

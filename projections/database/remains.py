"""What PostgreSQL's own files still have of people who were erased, and how it goes.

A row that was changed or deleted stays in the table's file until something is written over it, and
the server's own log has it too. A physical backup copies files. So before one is made the tables
with personal data are written anew, if anybody was erased since that was done last, and the log
goes on in another file.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from projections.database import faults
from projections.database.engine import Database, rows
from projections.schema.personal import COLUMNS

# The reader of the log, in the table ``tracking``.
READER = "remains"
# The keys of leads open what is encrypted; the statistics are samples of columns.
_TABLES = (*COLUMNS, "lead_keys", "pg_statistic")
# Seconds that transactions may take which began before, and may still see the rows; and that a
# table's own users may take.
WAIT, LOCK = 60.0, 10
_LOOK = 0.1

_ERASED_SINCE = """
SELECT max(notification_id) AS last, coalesce(bool_or(topic = 'lead.erased'), false) AS erased
FROM stored_events WHERE notification_id > coalesce(
    (SELECT notification_id FROM tracking WHERE application_name = %(reader)s), 0)
"""
_FOUND = """
SELECT format('%%I.%%I', n.nspname, c.relname) AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relname = ANY(%(names)s) ORDER BY 1
"""
_OLDER = """
SELECT count(*) AS running FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND coalesce(backend_xid, backend_xmin) IS NOT NULL AND xact_start < %(began)s
"""
_NOTED = """
INSERT INTO tracking AS t (application_name, notification_id) VALUES (%(reader)s, %(last)s)
ON CONFLICT (application_name) DO UPDATE
SET notification_id = greatest(t.notification_id, excluded.notification_id)
"""


def clear(database: Database, stop: Event, report: Callable[[str], None]) -> None:
    """Write the tables with personal data anew, and begin another file of the server's log, if
    anybody was erased since that was done last.

    Nobody reads or writes a table meanwhile. Where it cannot be done, ``report`` gets a line that
    says why, and it is tried again the next time. ``stop`` ends the waiting for others.
    """
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        (since,) = rows(connection, _ERASED_SINCE, reader=READER)
        if not since.erased:
            return
        try:
            fault = _clear(connection, stop)
        except DBAPIError as error:
            fault = faults.driver_line(error)
        if fault is not None:
            report(f"what is left of people who were erased is in this backup: {fault}")
            return
        connection.exec_driver_sql(_NOTED, {"reader": READER, "last": since.last})
        report("the tables with personal data were written anew, without people who were erased")


def _clear(connection: Connection, stop: Event) -> str | None:
    """Do it; gives why it cannot be done."""
    began = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    for _ in range(int(WAIT / _LOOK)):
        if not rows(connection, _OLDER, began=began)[0].running:
            break
        if stop.wait(_LOOK):
            return "stopped"
    else:
        return f"a transaction that began before has not ended for {WAIT:.0f} seconds"
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK}s'")
    connection.exec_driver_sql("SET statement_timeout = 0")
    try:
        for table in rows(connection, _FOUND, names=list(_TABLES)):
            connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table.name}")
        # What comes from here on is in another file of the log, and a restart needs no earlier one.
        connection.exec_driver_sql("SELECT pg_switch_wal()")
        connection.exec_driver_sql("CHECKPOINT")
    finally:
        connection.exec_driver_sql("RESET lock_timeout")
        connection.exec_driver_sql("RESET statement_timeout")
    return None

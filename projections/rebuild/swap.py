"""The swap: rebuilt tables take the place of the live ones, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table

from domain.errors import StorageError
from projections.database.engine import rows
from projections.database.prepared import GATE
from projections.schema.columns import READ_MODELS
from projections.schema.read_models import FORMER_READ_MODELS, REPORT_VIEW, create_report_view

# The schema of the tables that were live, until the swap drops it.
RETIRED = "retired"


def keep_vacuum_away(connection: Connection, *schemas: str) -> None:
    """Keep vacuum from the tables of these schemas until the transaction ends.

    Vacuum of a large table takes minutes, and autovacuum gives way only to a transaction that has
    waited for it for a second. Readers and writers are not held up.
    """
    for schema in schemas:
        names = _tables(connection, schema, [table.name for table in READ_MODELS.sorted_tables])
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE UPDATE EXCLUSIVE MODE")


def lock(connection: Connection, schema: str) -> None:
    """Lock the live tables of ``schema`` against every use until the transaction ends.

    It waits for transactions that use them. Raises the driver's LockNotAvailable if that takes
    longer than the connection's ``lock_timeout``.
    """
    connection.exec_driver_sql(f"LOCK TABLE {schema}.{GATE} IN ACCESS EXCLUSIVE MODE")
    # The view before its tables, in the order in which readers lock them: a reader that held the
    # view and waited for a table would keep the view from being replaced.
    wanted = [REPORT_VIEW, *(table.name for table in READ_MODELS.sorted_tables)]
    names = _tables(connection, schema, wanted)
    connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")


def _tables(connection: Connection, schema: str, wanted: Sequence[str]) -> str:
    """The ``wanted`` tables that exist, in that order, as LOCK TABLE wants them."""
    existing = rows(
        connection,
        "SELECT relname FROM pg_class WHERE relnamespace = %(schema)s::regnamespace"
        " AND relname = ANY(%(names)s) ORDER BY array_position(%(names)s, relname::text)",
        schema=schema,
        names=list(wanted),
    )
    return ", ".join(f"{schema}.{row.relname}" for row in existing)


def swap(connection: Connection, tables: Sequence[Table], live: str, rebuilt: str) -> None:
    """Move ``tables`` of the schema ``rebuilt`` to ``live``, and drop those that were there.

    Owner and grants of the dropped ones are given to the new ones. The schema ``rebuilt`` is
    dropped. Raises StorageError if a view of somebody else's would be dropped as well.
    """
    names = [table.name for table in tables]
    # What an earlier version had goes only when all that takes its place comes.
    former = FORMER_READ_MODELS if len(tables) == len(READ_MODELS.tables) else ()
    _check_views(connection, live, [*names, *former, REPORT_VIEW])
    grants = _grants(connection, live, REPORT_VIEW)
    connection.exec_driver_sql(f"DROP VIEW IF EXISTS {live}.{REPORT_VIEW}")
    connection.exec_driver_sql(f"CREATE SCHEMA {RETIRED}")
    for name in names:
        grants += _grants(connection, live, name)
        connection.exec_driver_sql(f"ALTER TABLE IF EXISTS {live}.{name} SET SCHEMA {RETIRED}")
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {rebuilt}.{REPORT_VIEW}")
        connection.exec_driver_sql(f"ALTER TABLE {rebuilt}.{name} SET SCHEMA {live}")
    for name in former:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {live}.{name}")
    connection.exec_driver_sql(f"SET LOCAL search_path = {live}")
    create_report_view(connection)
    for statement in grants:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"DROP SCHEMA {RETIRED} CASCADE")
    connection.exec_driver_sql(f"DROP SCHEMA {rebuilt} CASCADE")


def _check_views(connection: Connection, schema: str, names: Sequence[str]) -> None:
    """Raise StorageError if a view that is not ours depends on one of these tables."""
    foreign = rows(
        connection,
        """
        SELECT DISTINCT v.oid::regclass::text AS name FROM pg_depend d
        JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
        JOIN pg_class v ON v.oid = r.ev_class
        JOIN pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
        WHERE t.relnamespace = %(schema)s::regnamespace AND t.relname = ANY(%(names)s)
          AND v.oid <> t.oid AND v.relname <> %(own)s
        ORDER BY 1
        """,
        schema=schema,
        names=list(names),
        own=REPORT_VIEW,
    )
    if foreign:
        views = ", ".join(row.name for row in foreign)
        raise StorageError(f"views stand on the live tables: drop {views}, and make them again")


def _grants(connection: Connection, schema: str, name: str) -> list[str]:
    """The statements that restore the rights on that table or view.

    They give it to its owner, if that is not the current user, and grant what others had.
    """
    statements = rows(
        connection,
        """
        SELECT format('ALTER TABLE %%I.%%I OWNER TO %%I', %(schema)s::text, %(name)s::text,
            pg_get_userbyid(t.relowner)) AS statement
        FROM pg_class t
        WHERE t.relnamespace = %(schema)s::regnamespace AND t.relname = %(name)s
          AND pg_get_userbyid(t.relowner) <> current_user
        UNION ALL
        SELECT format('GRANT %%s ON %%I.%%I TO %%s%%s', a.privilege_type, %(schema)s::text,
            %(name)s::text, CASE a.grantee WHEN 0 THEN 'PUBLIC'
                ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
        FROM pg_class t, aclexplode(t.relacl) a
        WHERE t.relnamespace = %(schema)s::regnamespace AND t.relname = %(name)s
          AND a.grantee <> t.relowner
        """,
        schema=schema,
        name=name,
    )
    return [row.statement for row in statements]

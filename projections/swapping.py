"""The swap of a rebuild: tables built anew take the place of the live ones, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table

from domain.errors import StorageError
from projections.database import rows
from projections.tables import READ_MODELS, REPORT_VIEW, create_report_view

# Where the tables that were live are for a moment.
RETIRED = "retired"


def lock(connection: Connection, schema: str) -> None:
    """Waits until nobody uses the live tables; from then on nobody does until the transaction ends.
    Raises, by the connection's ``lock_timeout``, if they are in use for longer."""
    found = rows(
        connection,
        "SELECT tablename FROM pg_tables WHERE schemaname = %(schema)s"
        " AND tablename = ANY(%(names)s)",
        schema=schema,
        names=[table.name for table in READ_MODELS.sorted_tables],
    )
    names = ", ".join(f"{schema}.{row.tablename}" for row in found)
    connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")


def swap(connection: Connection, tables: Sequence[Table], live: str, rebuilt: str) -> None:
    """``tables`` of the schema ``rebuilt`` become those of ``live``, whose own are dropped; rights
    that were granted on these are granted on the new ones. Raises StorageError where somebody's
    view would be dropped with them."""
    names = [table.name for table in tables]
    _check_views(connection, live, names)
    connection.exec_driver_sql(f"DROP VIEW IF EXISTS {live}.{REPORT_VIEW}")
    connection.exec_driver_sql(f"CREATE SCHEMA {RETIRED}")
    for name in names:
        grants = _grants(connection, live, name)
        connection.exec_driver_sql(f"ALTER TABLE IF EXISTS {live}.{name} SET SCHEMA {RETIRED}")
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {rebuilt}.{REPORT_VIEW}")
        connection.exec_driver_sql(f"ALTER TABLE {rebuilt}.{name} SET SCHEMA {live}")
        for grant in grants:
            connection.exec_driver_sql(grant)
    connection.exec_driver_sql(f"SET LOCAL search_path = {live}")
    create_report_view(connection)
    connection.exec_driver_sql(f"DROP SCHEMA {RETIRED} CASCADE")
    connection.exec_driver_sql(f"DROP SCHEMA {rebuilt} CASCADE")


def _check_views(connection: Connection, schema: str, names: Sequence[str]) -> None:
    found = rows(
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
    if found:
        views = ", ".join(row.name for row in found)
        raise StorageError(f"views stand on the live tables: drop {views}, and make them again")


def _grants(connection: Connection, schema: str, name: str) -> list[str]:
    """The statements that grant what was granted on that table to others than its owner."""
    found = rows(
        connection,
        """
        SELECT format('GRANT %%s ON %%I.%%I TO %%s', a.privilege_type, %(schema)s::text,
            %(name)s::text, CASE a.grantee WHEN 0 THEN 'PUBLIC'
                ELSE quote_ident(pg_get_userbyid(a.grantee)) END) AS statement
        FROM pg_class t, aclexplode(t.relacl) a
        WHERE t.relnamespace = %(schema)s::regnamespace AND t.relname = %(name)s
          AND a.grantee <> t.relowner
        """,
        schema=schema,
        name=name,
    )
    return [row.statement for row in found]

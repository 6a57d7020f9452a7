"""The statements that create the read models; those of the tables go in one message."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from projections.schema.columns import READ_MODELS
from projections.schema.read_models import HANDLERS_LOOK_UP, create_report_view


def create_read_models(connection: Connection, *, all_indexes: bool = True) -> None:
    """The read models, in the first schema of the connection's search path. Without
    ``all_indexes`` those of ``reading_indexes`` are left out."""
    statements = [*_tables(), *_indexes(handlers=True)]
    if all_indexes:
        statements += reading_indexes()
    connection.exec_driver_sql(";".join(statements))
    create_report_view(connection)


def reading_indexes() -> list[str]:
    """The statements that create the indexes that no handler looks up, but for those of
    constraints."""
    return list(_indexes(handlers=False))


@cache
def _tables() -> tuple[str, ...]:
    return tuple(_sql(CreateTable(table)) for table in READ_MODELS.sorted_tables)


@cache
def _indexes(*, handlers: bool) -> tuple[str, ...]:
    return tuple(
        _sql(CreateIndex(index))
        for table in READ_MODELS.sorted_tables
        for index in sorted(table.indexes, key=lambda index: str(index.name))
        if (index.name in HANDLERS_LOOK_UP) is handlers
    )


def _sql(element: CreateTable | CreateIndex) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(element.compile(dialect=dialect))

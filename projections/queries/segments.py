"""Who is in a segment: how many, and page by page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.segments import Predicate
from projections.database.engine import rows, uuids
from projections.database.whole_tables import planned_by_size
from projections.queries.pages import SOURCES, decode_cursor, encode_cursor
from projections.readmodels.segment_conditions import Compiled, compiled

# What the statements call a lead.
LEAD = "r"
# How many leads in id order are looked at one by one for a page.
NEAR = 5000


def count(connection: Connection, predicate: Predicate, now: datetime) -> int:
    """How many leads are in the segment ``now``."""
    asked = compiled(predicate, now, lead=LEAD, whole=True)
    with _planned(connection, asked):
        (found,) = rows(
            connection,
            f"SELECT count(*) AS leads FROM leads {LEAD} {asked.join} WHERE {asked.sql}",
            **asked.parameters,
        )
    return int(found.leads)


def page(
    connection: Connection,
    predicate: Predicate,
    now: datetime,
    *,
    limit: int,
    cursor: str | None = None,
) -> tuple[list[Any], str | None]:
    """Up to ``limit`` leads that are in the segment ``now``, after ``cursor``, and the cursor of
    the next page, as ``pages.page`` gives them."""
    after = None if cursor is None else decode_cursor(cursor)
    asked = compiled(predicate, now, lead=LEAD)
    found = _walk(connection, asked, after, limit + 1)
    if len(found) <= limit:
        # What is rare is found by reading the table, and not by a walk along all of an index.
        asked = compiled(predicate, now, lead=LEAD, whole=True)
        found = _search(connection, asked, after, limit + 1)
    source, key = SOURCES["lead"]
    leads = rows(
        connection,
        f"SELECT * FROM {source} {LEAD} WHERE {key} = ANY(%(ids)s::uuid[]) ORDER BY {key}",
        ids=uuids(found[:limit]),
    )
    return leads, encode_cursor(found[limit - 1]) if len(found) > limit else None


def _walk(connection: Connection, asked: Compiled, after: UUID | None, limit: int) -> list[UUID]:
    """The first ``limit`` ids of the segment that are among the next leads in id order."""
    found = rows(
        connection,
        f"""
        SELECT {LEAD}.lead_id FROM (
            SELECT * FROM leads l WHERE %(after)s::uuid IS NULL OR l.lead_id > %(after)s::uuid
            ORDER BY l.lead_id LIMIT {NEAR}) {LEAD}
        WHERE {asked.sql} ORDER BY {LEAD}.lead_id LIMIT %(limit)s
        """,
        **asked.parameters,
        after=after,
        limit=limit,
    )
    return [row.lead_id for row in found]


def _search(connection: Connection, asked: Compiled, after: UUID | None, limit: int) -> list[UUID]:
    """The first ``limit`` ids of the segment of all leads."""
    with _planned(connection, asked):
        found = rows(
            connection,
            f"""
            WITH found AS MATERIALIZED (
                SELECT {LEAD}.lead_id FROM leads {LEAD} {asked.join}
                WHERE {asked.sql}
                  AND (%(after)s::uuid IS NULL OR {LEAD}.lead_id > %(after)s::uuid))
            SELECT lead_id FROM found ORDER BY lead_id LIMIT %(limit)s
            """,
            **asked.parameters,
            after=after,
            limit=limit,
        )
    return [row.lead_id for row in found]


@contextmanager
def _planned(connection: Connection, asked: Compiled) -> Iterator[None]:
    """Plan the block's statement by the sizes of the tables; each of several workers would make
    what is joined by itself."""
    with planned_by_size(connection):
        if asked.join:
            connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
        yield

"""A wish for all that a filter finds, or for the ids in a list: chunk by chunk.

Who is meant is settled first, in one snapshot, and kept outside the memory of the process. Then
each chunk is changed in a transaction of its own. What stops it in between leaves whole chunks
done, and to repeat it does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

import msgspec

from domain.application.bulk import Done, Refused
from projections.database.engine import Database, rows
from projections.queries import filters
from projections.queries.pages import SOURCES, where

# Leads or messages to a transaction, and rows to a message of the server.
CHUNK = 1000
FETCH = 10_000
# Refusals that are told one by one: the first ones.
MOST_REFUSED = 1000
# Bytes of ids that stay in memory: the ids of 65,536.
IN_MEMORY = 1 << 20

Change = Callable[[Sequence[UUID]], Done]


class Summary(msgspec.Struct):
    """What became of all that ``matched``: these are the changed, the unchanged and the refused. Of
    the refused the first ``MOST_REFUSED`` are named."""

    matched: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Refused] = []
    refused_count: int = 0

    def add(self, done: Done) -> None:
        """Count in what became of a chunk."""
        self.changed += done.changed
        self.unchanged += done.unchanged
        self.refused_count += len(done.refused)
        self.matched = self.changed + self.unchanged + self.refused_count
        self.refused.extend(done.refused[: MOST_REFUSED - len(self.refused)])


def change_listed(ids: Iterable[UUID], change: Change) -> Summary:
    """Change those of these ids, each once. What is no id of any is refused."""
    summary = Summary()
    for chunk in _chunks(iter(sorted(set(ids)))):
        summary.add(change(chunk))
    return summary


def change_found(
    database: Database, resource: str, wanted: Mapping[str, Any], change: Change
) -> Summary:
    """Change all of the ``resource``, a name of ``pages.SOURCES``, that pass the filters
    ``wanted`` now."""
    summary = Summary()
    with SpooledTemporaryFile(IN_MEMORY) as found:
        _keep_ids(database, resource, wanted, found)
        found.seek(0)
        for chunk in _chunks(_kept(found)):
            summary.add(change(chunk))
    return summary


def _keep_ids(
    database: Database, resource: str, wanted: Mapping[str, Any], found: IO[bytes]
) -> None:
    """Write the ids, 16 bytes each, in their order."""
    source, key = SOURCES[resource]
    with database.apart(), database.transaction() as connection:
        conditions = filters.conditions(connection, resource, wanted)
        parameters: dict[str, Any] = {}
        for condition in conditions:
            parameters |= condition.parameters
        connection.exec_driver_sql(
            f"DECLARE bulk NO SCROLL CURSOR FOR"
            f" SELECT r.{key} FROM {source} r{where(conditions)} ORDER BY 1",
            parameters,
        )
        while page := rows(connection, f"FETCH {FETCH} FROM bulk"):
            found.write(b"".join(row[0].bytes for row in page))


def _kept(found: IO[bytes]) -> Iterator[UUID]:
    while page := found.read(16 * CHUNK):
        for start in range(0, len(page), 16):
            yield UUID(bytes=page[start : start + 16])


def _chunks(ids: Iterator[UUID]) -> Iterator[Sequence[UUID]]:
    while chunk := list(islice(ids, CHUNK)):
        yield chunk

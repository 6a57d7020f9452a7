"""Databases of earlier versions, loaded from their dumps; README.md says what is in them."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

from tests.upgrades import former

FOLDER = Path(__file__).parent


class Dump(NamedTuple):
    """One database, and what a test of any of them must know.

    ``end`` is the instant at which its version was stopped. ``checkpoint`` is what ``sendtrail
    audit checkpoint`` wrote. ``key`` is an API key that was made there and opens nothing else.
    """

    file: str
    end: datetime
    checkpoint: bytes
    key: str


ALL = (
    Dump(former.DUMP, former.END, former.CHECKPOINT, former.KEY),
    Dump(
        "0.1.0-2026-11-25.sql.gz",
        datetime(2026, 3, 2, 8, 27, 39, tzinfo=UTC),
        b'{"installation":"fcfdc0eb-7fee-406e-8702-ca1b703af7de","position":199,'
        b'"digest":"6dbef08434e785809a5ae26b751e9d024d5248b9510f7de92f44009004768006",'
        b'"sealed_at":"2026-03-02T08:20:39Z"}',
        "st_qwljP-utyBUFd19QIaPxYj0imCkkBEb7_Hx-Sp05Uyk",
    ),
)


def load(url: str, name: str) -> None:
    """Fills the empty database at ``url`` with the dump of that file name."""
    statements = gzip.decompress((FOLDER / name).read_bytes()).decode()
    # On a connection of its own, because the dump leaves it without a search path.
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statements.replace('"C.utf8"', _collation(cursor)))
    finally:
        connection.close()


def _collation(cursor: Any) -> str:
    """The server's own for what "C.utf8" is on Debian, where the dumps were made."""
    cursor.execute(
        "SELECT quote_ident(collname) FROM pg_collation"
        " WHERE collname IN ('C.utf8', 'pg_c_utf8', 'und-x-icu') ORDER BY 1 LIMIT 1"
    )
    return str(cursor.fetchone()[0])

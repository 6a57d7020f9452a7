"""What is known of the database in ``before_device_slots.sql.gz``; see README.md beside it."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2

DUMP = Path(__file__).with_name("before_device_slots.sql.gz")

# The last event happened then.
END = datetime(2026, 3, 3, 14, 0, 14, tzinfo=UTC)

# The API key "crm"; the secret of the subscription; and what "sendtrail audit checkpoint" wrote on
# the first day. They open nothing but this database.
KEY = "st_DyOt3kvAzKoQWXUMFWGqnaJx4wEH4vNdpgSgb_y0lck"
SUBSCRIPTION_SECRET = "mnCDPM4MllCL9RxGUnFfze2UPR__GPWsP9RIP2hqbF4"
CHECKPOINT = (
    b'{"installation":"00000000-0000-4000-8000-0000000000ff","position":401,'
    b'"digest":"ad6ea4337fd898c786046ab4d1bd8962b2326602d2f5723116a6ced5fe951cdf",'
    b'"sealed_at":"2026-03-02T11:18:00Z"}'
)

FORMER_TABLES = {"device_lanes", "device_hand_overs"}


def _id(number: int) -> UUID:
    return UUID(f"00000000-0000-4000-8000-{number:012x}")


SALES_1, SALES_2, OLD, NIGHT, SPARE = map(_id, range(1, 6))


def load(url: str) -> None:
    """Fills the empty database at ``url``."""
    statements = gzip.decompress(DUMP.read_bytes()).decode()
    # On a connection of its own, because the dump leaves it without a search path.
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statements.replace('"C.utf8"', _collation(cursor)))
    finally:
        connection.close()


def _collation(cursor: Any) -> str:
    """The server's own for what "C.utf8" is on Debian, where the dump was made."""
    cursor.execute(
        "SELECT quote_ident(collname) FROM pg_collation"
        " WHERE collname IN ('C.utf8', 'pg_c_utf8', 'und-x-icu') ORDER BY 1 LIMIT 1"
    )
    return str(cursor.fetchone()[0])

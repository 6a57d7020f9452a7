"""Incidents: what an operator has to know of the database, kept until it is old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from projections.database.engine import rows

# How long an incident is shown.
RECENT = timedelta(days=7)
WENT_BACK, LOST_DISPATCHES = "database.went_back", "database.lost_dispatches"
KINDS = (WENT_BACK, LOST_DISPATCHES)


def report(
    connection: Connection, kind: str, process: str, detail: dict[str, Any], now: datetime
) -> None:
    """Keep an incident that ``process`` noticed at ``now``."""
    connection.exec_driver_sql(
        "INSERT INTO incidents (kind, noticed_at, process, detail)"
        " VALUES (%(kind)s, %(now)s, %(process)s, %(detail)s::jsonb)",
        {
            "kind": kind,
            "now": now,
            "process": process,
            "detail": msgspec.json.encode(detail).decode(),
        },
    )


def recent(connection: Connection, now: datetime) -> Sequence[Any]:
    """The incidents of the last ``RECENT``, newest first."""
    return rows(
        connection,
        "SELECT kind, noticed_at, process, detail FROM incidents"
        " WHERE noticed_at > %(since)s ORDER BY noticed_at DESC, incident_id DESC LIMIT 100",
        since=now - RECENT,
    )

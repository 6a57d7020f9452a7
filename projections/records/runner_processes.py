"""The processes that run runners: which live, how each runner fares, and which of them have looked
what the present server has lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from projections.database.engine import rows

# A process says that it lives every so many seconds.
BEAT_SECONDS = 10.0
# A process that was silent for so long is taken to be gone.
SILENT = timedelta(seconds=3 * BEAT_SECONDS)
# The rows of processes that were killed are kept for so long.
FORGOTTEN = timedelta(days=1)


def beat(
    connection: Connection,
    process: str,
    runners: Iterable[str],
    started_at: datetime,
    now: datetime,
    states: dict[str, Any],
) -> None:
    """Say that ``process`` lives at ``now``, and how each of its runners fares."""
    connection.exec_driver_sql(
        "INSERT INTO runner_processes (process, runners, started_at, seen_at, states)"
        " VALUES (%(process)s, %(runners)s, %(started_at)s, %(now)s, %(states)s::jsonb)"
        " ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at,"
        " states = excluded.states, runners = excluded.runners",
        {
            "process": process,
            "runners": list(runners),
            "started_at": started_at,
            "now": now,
            "states": msgspec.json.encode(states).decode(),
        },
    )
    connection.exec_driver_sql(
        "DELETE FROM runner_processes WHERE seen_at < %(before)s", {"before": now - FORGOTTEN}
    )


def reconcile(connection: Connection, process: str, server: str, now: datetime) -> None:
    """Say that ``process`` has looked what ``server`` has lost of what it handed over."""
    connection.exec_driver_sql(
        "INSERT INTO runner_processes (process, runners, started_at, seen_at, states, server)"
        " VALUES (%(process)s, '{broadcaster}', %(now)s, %(now)s, '{}', %(server)s)"
        " ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at, server = excluded.server",
        {"process": process, "server": server, "now": now},
    )


def not_reconciled(connection: Connection, server: str) -> list[str]:
    """The processes with a broadcaster that lived when an earlier server was last used, and have
    not looked yet what ``server`` has lost. Nobody could say that it lived while there was no
    server, so what counts is how long before the last of them a process was seen."""
    waiting = rows(
        connection,
        "WITH earlier AS (SELECT process, seen_at FROM runner_processes"
        " WHERE server <> %(server)s AND 'broadcaster' = ANY(runners))"
        " SELECT process FROM earlier"
        " WHERE seen_at >= (SELECT max(seen_at) FROM earlier) - %(silent)s ORDER BY 1",
        server=server,
        silent=SILENT,
    )
    return [row.process for row in waiting]


def leave(connection: Connection, process: str) -> None:
    """Say that ``process`` has ended."""
    connection.exec_driver_sql(
        "DELETE FROM runner_processes WHERE process = %(process)s", {"process": process}
    )


def every(connection: Connection, now: datetime) -> Sequence[Any]:
    """Every process, with whether it was heard of within ``SILENT``, in order of name."""
    return rows(
        connection,
        "SELECT process, runners, started_at, seen_at, states, seen_at > %(since)s AS alive"
        " FROM runner_processes ORDER BY process",
        since=now - SILENT,
    )

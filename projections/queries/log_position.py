"""Where the log ends, and how far its asynchronous readers are behind."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from projections.database.engine import rows


class LogPosition(NamedTuple):
    """``last`` is the newest notification id, 0 for an empty log; ``lag`` counts, by the reader's
    name, the events that the reader has still to deal with."""

    last: int
    lag: dict[str, int]


def log_position(connection: Connection) -> LogPosition:
    """The end of the log, and the lag of every reader that has a tracked position."""
    last = rows(connection, "SELECT coalesce(max(notification_id), 0) FROM stored_events")[0][0]
    tracked = rows(connection, "SELECT application_name, notification_id FROM tracking")
    return LogPosition(last, {name: last - position for name, position in tracked})

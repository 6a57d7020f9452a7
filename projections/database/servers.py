"""Which server answers, and whether its log still has what this process saw committed.

A log loses nothing while its server runs. After a failover, a restore or a restart of the server it
may end earlier than it did. So every process looks when it meets another server than before, or the
same one started anew.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from domain.errors import StorageError
from projections.config import metrics

log = structlog.get_logger()

# Keys of what a pooled connection knows: its server, and the last event appended on it.
SERVER, APPENDED = "sendtrail.server", "sendtrail.appended"

_IDENTITY = (
    "SELECT system_identifier || ' ' || extract(epoch FROM pg_postmaster_start_time())"
    " FROM pg_control_system()"
)
_END = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_HAS = (
    "SELECT EXISTS (SELECT FROM stored_events WHERE originator_id = %(id)s"
    " AND originator_version = %(version)s AND state = %(state)s)"
)


class ServerChangedError(StorageError):
    """The server is not the one whose log was compared with what this worker handed over."""


class WentBack(NamedTuple):
    """The log ends with the notification id ``end``; this process had seen ``seen``."""

    end: int
    seen: int


class ServerWatch:
    """What one process knows of its server.

    ``server`` identifies the server that answered last and its start; None before the first answer.
    ``went_back`` is called once each time that the log turns out to lack what was committed.
    """

    def __init__(self) -> None:
        self.server: str | None = None
        self.went_back: Callable[[WentBack], None] = _ignore
        self._position = 0
        self._last: Any = None
        self._lock = Lock()

    def saw(self, position: int) -> None:
        """The log of the present server has an event of the notification id ``position``."""
        self._position = max(self._position, position)

    def committed(self, event: Any) -> None:
        """A transaction was committed whose last event is ``event``, a row of the log; None if it
        appended none."""
        if event is not None:
            self._last = event

    def meet(self, connection: Connection) -> None:
        """Take notice of the server of ``connection``, whose transaction has just begun."""
        info = connection.info
        info.pop(APPENDED, None)
        if info[SERVER] != self.server:
            self._meet_another(connection, info[SERVER])

    def _meet_another(self, connection: Connection, server: str) -> None:
        with self._lock:
            if server == self.server:
                return
            lost = None if self.server is None else self._compare(connection)
            self.server, self._position, self._last = server, 0, None
        if lost is not None:
            log.error("database.went_back", end=lost.end, seen=lost.seen)
            metrics.went_back()
            self.went_back(lost)

    def _compare(self, connection: Connection) -> WentBack | None:
        """What the log of that server lacks; None if it has all that this process knows of."""
        if connection.exec_driver_sql("SELECT to_regclass('stored_events')").scalar_one() is None:
            return WentBack(0, self._position)
        end = connection.exec_driver_sql(_END).scalar_one()
        if end < self._position:
            return WentBack(end, self._position)
        if self._last is not None:
            id_, version, _, state = self._last
            event = {"id": str(id_), "version": version, "state": state}
            if not connection.exec_driver_sql(_HAS, event).scalar_one():
                return WentBack(end, self._position)
        return None


def identify(connection: Any, record: Any) -> None:
    """Note on a new connection of the pool which server it leads to."""
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY)
        (record.info[SERVER],) = cursor.fetchone()
    connection.rollback()


def _ignore(lost: WentBack) -> None:
    """What is done where nobody has to be told."""

"""Notifications of the database, heard on a connection of their own."""

from __future__ import annotations

from typing import Any

import psycopg2

from projections.database.engine import KEEPALIVE


class Listener:
    """A connection of its own that hears notifications on one channel. It opens itself again after
    the database was away; until then it hears nothing, and its user looks by itself."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: Any = None

    def open(self) -> bool:
        """Listens, and returns whether it did not before. Raises psycopg2.Error."""
        if self._connection is not None:
            return False
        connection = psycopg2.connect(self._url, connect_timeout=5, **KEEPALIVE)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {self._channel}")
        self._connection = connection
        return True

    @property
    def descriptor(self) -> int | None:
        """What becomes readable when there is news; None while it does not listen."""
        return None if self._connection is None else int(self._connection.fileno())

    def drain(self) -> bool:
        """Whether there was news; all of it is taken."""
        if self._connection is None:
            return False
        try:
            self._connection.poll()
        except psycopg2.Error:
            self.close()
            return False
        heard = bool(self._connection.notifies)
        self._connection.notifies.clear()
        return heard

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

"""Notifications of the database (LISTEN), on a connection of their own."""

from __future__ import annotations

from typing import Any

import psycopg2

from projections.database import sessions


class Listener:
    """A connection that receives the notifications of one channel.

    A lost connection is closed; its user calls ``open`` again from time to time. Notifications of
    the time between are lost, so the user has to poll as well.
    """

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: Any = None

    def open(self) -> bool:
        """Connect and listen unless it listens already; return whether it was closed before.

        Raises psycopg2.Error if the database does not answer.
        """
        if self._connection is not None:
            return False
        connection = sessions.connect(self._url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {self._channel}")
        self._connection = connection
        return True

    @property
    def descriptor(self) -> int | None:
        """The file descriptor that becomes readable with a notification; None while closed."""
        return None if self._connection is None else int(self._connection.fileno())

    def drain(self) -> bool:
        """Discard the notifications received so far; return whether there was one.

        A connection that turns out to be lost is closed, and the result is False.
        """
        if self._connection is None:
            return False
        try:
            self._connection.poll()
        except psycopg2.Error:
            self.close()
            return False
        received = bool(self._connection.notifies)
        self._connection.notifies.clear()
        return received

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

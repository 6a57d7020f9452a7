"""Connections that get nowhere: ``python -m benchmarks.harness.slow_connections PORT SLOW IDLE``.

``SLOW`` connections send the headers of a request at a byte every two seconds, ``IDLE`` ones send
nothing. One that the server closes is opened again. Prints a line when all are open; ends with its
standard input.
"""

from __future__ import annotations

import selectors
import socket
import sys
from contextlib import suppress
from time import monotonic

# Seconds between two bytes.
EVERY = 2.0
HEAD = (
    b"POST /api/v1/leads HTTP/1.1\r\nHost: sendtrail\r\nContent-Length: 9\r\nX-Slow: " + b"x" * 9000
)


class _Held:
    """One connection, and how many bytes of the headers it has sent."""

    def __init__(self, port: int, slow: bool) -> None:
        self.address = ("127.0.0.1", port)
        self.slow = slow
        self.socket: socket.socket | None = None

    def open(self, selector: selectors.BaseSelector) -> None:
        """Opens the connection, instead of one that was closed."""
        self.sent = 0
        self.socket = socket.create_connection(self.address, timeout=10)
        self.socket.setblocking(False)
        selector.register(self.socket, selectors.EVENT_READ, self)

    def close(self, selector: selectors.BaseSelector) -> None:
        """Closes the connection."""
        if self.socket is not None:
            selector.unregister(self.socket)
            self.socket.close()
            self.socket = None

    def drip(self) -> None:
        """Sends one byte more, if it is a slow one."""
        if self.slow and self.socket is not None and self.sent < len(HEAD):
            with suppress(OSError):
                self.sent += self.socket.send(HEAD[self.sent : self.sent + 1])


def hold(port: int, slow: int, idle: int) -> None:
    """Holds so many connections until standard input ends."""
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    held = [_Held(port, number < slow) for number in range(slow + idle)]
    for each in held:
        each.open(selector)
    print("open", flush=True)
    closed: set[_Held] = set()
    due = monotonic()
    while True:
        for key, _ in selector.select(max(due - monotonic(), 0.0)):
            if key.data is None:
                return
            with suppress(OSError):
                if key.data.socket.recv(65536):
                    continue
            key.data.close(selector)
            closed.add(key.data)
        if monotonic() >= due:
            due += EVERY
            for each in list(closed):
                with suppress(OSError):
                    each.open(selector)
                    closed.discard(each)
            for each in held:
                each.drip()


if __name__ == "__main__":
    hold(*(int(number) for number in sys.argv[1:4]))

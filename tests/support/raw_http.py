"""An HTTP client that sends what it is told, byte for byte."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RawConnection:
    """A connection to a server on this machine. Waits at most half a minute for anything."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(30)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self._stream = self.socket.makefile("rb")

    def send(self, data: bytes | str) -> None:
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def half_close(self) -> None:
        """Says that nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def response(self, method: str = "GET") -> Response:
        """The next response. Raises EOFError if the server closed the connection instead."""
        line = self._stream.readline()
        if not line:
            raise EOFError
        headers = {}
        while (header := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
        return Response(int(line.split()[1]), headers, self._stream.read(length))

    def rest(self) -> bytes:
        """What the server sends until it closes the connection."""
        read = b""
        try:
            while chunk := self._stream.read1(1 << 16):
                read += chunk
        except ConnectionResetError:
            pass
        return read

    def is_closed(self) -> bool:
        """Whether the server closed the connection. What it sent is kept."""
        try:
            return self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._stream.close()
        self.socket.close()


@contextmanager
def raw(port: int, receive_buffer: int | None = None) -> Iterator[RawConnection]:
    """A connection that is closed at the end of the block."""
    connection = RawConnection(port, receive_buffer)
    try:
        yield connection
    finally:
        connection.close()


def post(path: str, key: str, body: str | bytes | None = None, *headers: str) -> bytes:
    """A POST of JSON with these headers. Without a body it is the line and the headers alone, and
    the headers say how the body comes."""
    lines = [
        f"POST /api/v1{path} HTTP/1.1",
        "Host: sendtrail",
        f"Authorization: Bearer {key}",
        *headers,
    ]
    if not any(header.startswith("Content-Type") for header in headers):
        lines.append("Content-Type: application/json")
    data = b"" if body is None else body if isinstance(body, bytes) else body.encode()
    if body is not None:
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join([*lines, "", ""]).encode() + data

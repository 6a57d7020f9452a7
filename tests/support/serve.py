"""``sendtrail serve`` as a process of its own, on a free port."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.support import then
from tests.support.forks import Fork, Started
from tests.support.processes import environment


class Server:
    """``sendtrail serve`` on a free port, and what it wrote so far; without a URL it has the
    bundled server of its home. If it is ``fresh``, its interpreter has imported nothing before."""

    def __init__(
        self,
        database_url: str | None,
        home: Path,
        *arguments: str,
        fresh: bool = False,
        **settings: object,
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        read, write = os.pipe()
        command = ["serve", "--port", str(self.port), *arguments]
        variables = environment(database_url=database_url, home=home, **settings)
        self.process = (Started if fresh else Fork)(command, variables, write, write)
        os.close(write)
        self._stream = os.fdopen(read)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with self._stream as stream:
            for line in stream:
                self.lines.append(line.rstrip("\n"))

    def ask(self, path: str, key: str | None = None) -> tuple[int, str]:
        return self._request("GET", path, key, None)

    def post(self, path: str, key: str, body: object, idempotency_key: str) -> tuple[int, str]:
        """Raises OSError if the server dies before it answers."""
        headers = {"Idempotency-Key": idempotency_key, "Content-Type": "application/json"}
        return self._request("POST", path, key, json.dumps(body), **headers)

    def patch(self, path: str, key: str, body: object) -> tuple[int, str]:
        """Raises OSError if the server dies before it answers."""
        headers = {"Content-Type": "application/json"}
        return self._request("PATCH", path, key, json.dumps(body), **headers)

    def _request(
        self, method: str, path: str, key: str | None, body: str | None, **headers: str
    ) -> tuple[int, str]:
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.lines
        try:
            return self.ask("/healthz")[0] == 200
        except OSError:
            return False

    def ends(self, number: int) -> int:
        """Its exit code after that signal."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Its exit code after it ended by itself."""
        code = self.process.wait(60)
        self._reader.join(10)
        return code


@contextmanager
def serving(
    database_url: str | None,
    home: Path,
    *arguments: str,
    fresh: bool = False,
    **settings: object,
) -> Iterator[Server]:
    """A server that answers, and that does not outlive the block."""
    server = Server(database_url, home, *arguments, fresh=fresh, **settings)
    try:
        then.soon(server.is_up, 60)
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait(20)

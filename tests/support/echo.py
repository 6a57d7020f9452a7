"""A server that repeats whatever it is told in its answers, as a debugging proxy does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any


class _Server(ThreadingHTTPServer):
    # As many as may connect at the same time: a connection that finds no room waits for a second.
    request_queue_size = 512


class Echo:
    """``heard`` is all that it was told, by path without its query. POSTs are answered with
    ``statuses`` in turn, GETs with ``get_status``."""

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = {}
        self.statuses = cycle([400, 500, 200])
        self.get_status = 500
        self.url = ""

    def answer(self, told: str) -> bytes:
        """It is in every place where some provider has a code, a state or a text."""
        error = {"message": told, "code": told, "error_data": {"details": told}}
        data = {"status": told, "id": told, "messages": [{"status": told, "id": None}]}
        refusal = {"status": False, "code": told, "message": told, "reason": told}
        results = [{"id": "sales-1", "state": told, "jid": told}]
        return json.dumps({**refusal, "error": error, "data": data, "results": results}).encode()


@contextmanager
def echoing() -> Iterator[Echo]:
    """An echo on a port of loopback until the block ends."""
    echo = Echo()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.reply(next(echo.statuses))

        def do_GET(self) -> None:
            self.reply(echo.get_status)

        def reply(self, status: int) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            told = f"{self.path} {self.headers} {body}"
            echo.heard.setdefault(self.path.partition("?")[0], []).append(told)
            answer = echo.answer(told)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    echo.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield echo
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()

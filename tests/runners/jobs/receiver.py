"""A user's own system on this machine: it takes announcements, and answers as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Announced(NamedTuple):
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """``got`` is what it took or refused, in the order of arrival, which is nobody's; each answer
    once, then 200, with ``words`` for a body. It says nothing to anybody while it ``hangs``."""

    def __init__(self) -> None:
        self.got: list[Announced] = []
        self.answers: list[int] = []
        self.words = b""
        self.hangs = threading.Event()
        self.released = threading.Event()
        self.url = ""

    @property
    def ordered(self) -> list[Announced]:
        """What it got, in the order of the log."""
        return sorted(self.got, key=lambda announced: int(announced.json["number"]))

    @property
    def events(self) -> list[str]:
        return [announced.json["event"] for announced in self.ordered]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a port of loopback until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Announced(dict(self.headers.items()), body))
            status = receiver.answers.pop(0) if receiver.answers else 200
            if receiver.hangs.is_set():
                receiver.released.wait(30)
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(receiver.words)))
            self.end_headers()
            self.wfile.write(receiver.words)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?a=1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        thread.join(10)
        server.server_close()

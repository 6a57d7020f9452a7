"""sendtrail serve: a real server, as a supervisor starts and stops it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from typing import Any

import structlog
from click.testing import CliRunner

from projections.container import Container
from runners.cli.main import main
from tests.api.given import api_key
from tests.runners.child import environment

ROOT = Path(__file__).parents[2]


class Server:
    """``sendtrail serve`` on a free port, and what it wrote so far."""

    def __init__(self, database_url: str, home: Path, *arguments: str, **settings: object) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "runners.cli.main",
                "serve",
                "--port",
                str(self.port),
                *arguments,
            ],
            cwd=ROOT,
            env=environment(database_url=database_url, home=home, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self.lines.append(line.rstrip("\n"))

    def ask(self, path: str, key: str | None = None) -> tuple[int, str]:
        return self._request("GET", path, key, None)

    def post(self, path: str, key: str, body: object, idempotency_key: str) -> tuple[int, str]:
        """Raises OSError if the server dies before it answers."""
        headers = {"Idempotency-Key": idempotency_key, "Content-Type": "application/json"}
        return self._request("POST", path, key, json.dumps(body), **headers)

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
        code = self.process.wait(20)
        self._reader.join(10)
        return code


@contextmanager
def serving(database_url: str, home: Path, *arguments: str, **settings: object) -> Iterator[Server]:
    """A server that answers, and that does not outlive the block."""
    server = Server(database_url, home, *arguments, **settings)
    try:
        soon(server.is_up)
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait(20)


def soon(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Asks again and again until ``condition`` gives something, and fails after ``seconds``."""
    end, pause = monotonic() + seconds, threading.Event()
    while monotonic() < end:
        if found := condition():
            return found
        pause.wait(0.05)
    raise AssertionError(f"this did not come true within {seconds:g} seconds")


def test_it_serves_until_it_is_told_to_stop(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Two worker processes answer, log in JSON, add up their measurements, and end with exit
    code 0 on SIGTERM."""
    key = api_key(container, "crm", "operator")

    with serving(database_url, tmp_path, "--workers", "2", "--threads", "2") as server:
        ready = server.ask("/readyz")
        answers = [server.ask("/api/v1/leads", key) for _ in range(6)]
        refused = server.ask("/api/v1/leads")
        metrics = server.ask("/metrics")
        code = server.ends(signal.SIGTERM)

    assert (ready[0], json.loads(ready[1])["status"]) == (200, "ready")
    assert [(status, json.loads(text)) for status, text in answers] == [
        (200, {"items": [], "next_cursor": None})
    ] * 6
    assert refused[0] == 401
    assert metrics[0] == 200
    assert 'sendtrail_messages{status="pending"} 0.0' in metrics[1]
    assert code == 0
    requests = [json.loads(line) for line in server.lines]
    assert {line["event"] for line in requests} == {"request"}
    assert key not in "\n".join(server.lines)


def test_without_a_key_it_says_how_to_make_one(database_url: str, tmp_path: Path) -> None:
    """A new installation: nobody can ask anything yet."""
    with serving(database_url, tmp_path, "--workers", "1") as server:
        refused = server.ask("/api/v1/leads", "st_any")
        code = server.ends(signal.SIGINT)

    assert server.lines[0] == (
        "no API key yet; make one with: sendtrail keys create NAME --role admin"
    )
    assert (refused[0], code) == (401, 0)


def test_a_bad_option_is_named() -> None:
    """And nothing is started."""
    bad = {
        ("--port", "0"): "0 is not in the range 1<=x<=65535",
        ("--workers", "0"): "0 is not in the range 1<=x<=64",
        ("--threads", "17"): "17 is not in the range 1<=x<=16",
    }

    results = {arguments: CliRunner().invoke(main, ["serve", *arguments]) for arguments in bad}
    structlog.reset_defaults()  # the command's logs went to a stream that is closed now

    for arguments, said in bad.items():
        assert results[arguments].exit_code == 2
        assert said in results[arguments].stderr

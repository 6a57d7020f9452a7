"""sendtrail serve: a real server, as a supervisor starts and stops it."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import structlog
from click.testing import CliRunner

from projections.container import Container
from runners.cli.main import main
from tests.support.api.given import api_key
from tests.support.serve import Server, serving


def test_it_serves_until_it_is_told_to_stop(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Two worker processes answer, log in JSON, add up their measurements, and end with exit
    code 0 on SIGTERM."""
    key = api_key(container, "crm", "operator")

    options = ("--workers", "2", "--threads", "2")
    with serving(database_url, tmp_path, *options, fresh=True) as server:
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


def test_a_port_that_is_in_use_is_said_in_the_last_line(database_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = Server(database_url, tmp_path, "--port", str(port))
        code = server.ended()

    assert code == 1
    assert server.lines[-1] == (
        f"Error: port {port} of 127.0.0.1 is in use by another program; name a free one by --port"
    )


def test_without_a_key_it_says_how_to_make_one(database_url: str, tmp_path: Path) -> None:
    """A new installation: nobody can ask anything yet."""
    with serving(database_url, tmp_path, "--workers", "1") as server:
        refused = server.ask("/api/v1/leads", "st_any")
        code = server.ends(signal.SIGINT)

    assert server.lines[0] == (
        "no API key yet; make one with: sendtrail keys create NAME --role admin"
    )
    assert (refused[0], code) == (401, 0)


def test_what_strangers_send_is_no_line_of_its_own(database_url: str, tmp_path: Path) -> None:
    """Whatever the server makes of it: requests that are none, methods, paths and headers."""
    sent = [
        b'{"event":"request"}\x1b[2J\r\n\r\n',
        b"G\x1b[2JT / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xe2\x80\xae%0d%0a%1b[2J HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\x1b[2J: \x1b[2J\x9b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x7f\x9b\r\nConnection: close\r\n\r\n",
    ]
    with serving(database_url, tmp_path, "--workers", "1") as server:
        for request in sent:
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
                client.sendall(request)
                while client.recv(65536):
                    pass
        server.ends(signal.SIGTERM)

    first, *lines = server.lines
    assert first.startswith("no API key yet")
    assert lines
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["event"]


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

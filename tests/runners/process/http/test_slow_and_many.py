"""sendtrail serve: slow clients, and very many, change nothing for others."""

from __future__ import annotations

import json
import resource
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from projections.container import Container
from tests.support import then
from tests.support.api.given import api_key
from tests.support.raw_http import RawConnection, post, raw
from tests.support.serve import Server, serving

LEAD = '{"phone": "+60123456789"}'
GET = "GET /healthz HTTP/1.1\r\nHost: sendtrail\r\n"
ONE = ("--workers", "1", "--threads", "1")


def connections(stack: ExitStack, server: Server, number: int) -> list[RawConnection]:
    """So many connections, each of which the server accepted before the next one came."""
    opened = []
    for _ in range(number):
        client = stack.enter_context(raw(server.port))
        client.send(f"{GET}\r\n")
        assert client.response().status == 200
        opened.append(client)
    return opened


def test_slow_requests_take_no_thread(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Sixty clients are in the middle of their headers and sixty in the middle of their bodies, at
    a server with one thread. Another client asks and commands meanwhile, and they all finish."""
    key = api_key(container, "crm", "operator")
    request = post("/leads", key, LEAD)

    with serving(database_url, tmp_path, *ONE) as server, ExitStack() as stack:
        slow = [stack.enter_context(raw(server.port)) for _ in range(120)]
        for number, client in enumerate(slow):
            client.send(request[: 40 if number % 2 else -5])
        health = server.ask("/healthz")[0]
        command = server.post("/api/v1/leads", key, json.loads(LEAD), "first")[0]
        for number, client in enumerate(slow):
            client.send(request[40 if number % 2 else -5 :])
        finished = [client.response().status for client in slow]

    assert (health, command) == (200, 201)
    # The phone is there already.
    assert finished == [409] * 120


def test_headers_that_come_too_late_are_refused(database_url: str, tmp_path: Path) -> None:
    """A client sends a byte of them now and then until the deadline, and one sends none. Another
    client is answered meanwhile."""
    with (
        serving(database_url, tmp_path, *ONE, header_seconds=1.5) as server,
        ExitStack() as stack,
        raw(server.port) as slow,
    ):
        drip = Drip(slow, f"{GET}X-Slow: ".encode())
        silent = stack.enter_context(raw(server.port))
        health = server.ask("/healthz")[0]
        then.soon(drip.is_answered, 30)
        refused = slow.response()
        nothing = silent.rest()

    assert health == 200
    assert (refused.status, refused.json["message"]) == (408, "expected the headers sooner")
    assert nothing == b""


def test_bodies_that_come_too_late_are_refused(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """And nothing was done. Whoever asks nothing more is closed, too."""
    key = api_key(container, "crm", "operator")
    request = post("/leads", key, LEAD)
    deadlines = {"body_seconds": 0.5, "keep_alive_seconds": 0.5}

    with (
        serving(database_url, tmp_path, *ONE, **deadlines) as server,
        raw(server.port) as slow,
        raw(server.port) as kept,
    ):
        kept.send(f"{GET}\r\n")
        health = kept.response().status
        slow.send(request[: -len(LEAD)])
        drip = Drip(slow, LEAD[:-1].encode())
        then.soon(drip.is_answered, 30)
        refused, nothing = slow.response(), kept.rest()
        listed = server.ask("/api/v1/leads", key)[1]

    assert health == 200
    assert (refused.status, refused.json["message"]) == (408, "expected the body sooner")
    assert nothing == b""
    assert listed == '{"items":[],"next_cursor":null}\n'


class Drip:
    """Sends one byte each time it is asked whether the server has answered."""

    def __init__(self, client: RawConnection, data: bytes) -> None:
        self.client = client
        self.client.send(data[:1])
        self.rest = data[1:]

    def is_answered(self) -> bool:
        try:
            return self.client.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            self.client.send(self.rest[:1])
            self.rest = self.rest[1:]
            return False


def test_the_newest_connection_of_an_address_gets_in(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Instead of the one that has waited longest without a complete request. Whoever asked
    something meanwhile has not waited so long."""
    settings = {"connections_per_address": 4}

    with (
        serving(database_url, tmp_path, *ONE, **settings) as server,
        ExitStack() as stack,
    ):
        first, second, third, fourth = connections(stack, server, 4)
        second.send("GET /healthz HTTP/1.1\r\nX-Never: ")  # not complete: it still waits
        first.send(f"{GET}\r\n")
        assert first.response().status == 200
        fifth, sixth = connections(stack, server, 2)
        then.soon(lambda: second.is_closed() and third.is_closed(), 30)
        for client in (first, fourth, fifth, sixth):
            client.send(f"{GET}\r\n")
        answered = [client.response().status for client in (first, fourth, fifth, sixth)]

    assert answered == [200, 200, 200, 200]


def test_files_do_not_run_out(
    container: Container, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More clients than the process may have files: the newest get in, and the server still ends
    as it should."""
    key = api_key(container, "crm", "operator")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        many = {"connections_per_address": 100_000, "header_seconds": 600}
        # What is forked has the limit of the process that it is forked from.
        context = serving(database_url, tmp_path, *ONE, fresh=True, **many)
        server = context.__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with ExitStack() as stack:
        stack.push(context)
        clients = [stack.enter_context(raw(server.port)) for _ in range(400)]
        clients[-1].send(f"{GET}\r\n")
        newest = clients[-1].response().status
        listed = server.ask("/api/v1/leads", key)[0]
        then.soon(lambda: clients[0].is_closed(), 30)
        code = server.ends(signal.SIGTERM)

    assert (newest, listed, code) == (200, 200, 0)


def test_a_client_that_does_not_read_is_ended(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """It asks for much more than the machine keeps for it, and reads nothing; others are answered
    meanwhile."""
    with (
        serving(database_url, tmp_path, *ONE, body_seconds=0.5) as server,
        raw(server.port, receive_buffer=4096) as client,
    ):
        length = len(server.ask("/openapi.json")[1].encode())
        client.send("GET /openapi.json HTTP/1.1\r\nHost: sendtrail\r\n\r\n" * 99)
        health = server.ask("/healthz")[0]
        then.soon(lambda: any("connection.ended" in line for line in server.lines), 60)
        read = len(client.rest())

    assert health == 200
    assert 0 < read < 99 * length


def test_a_request_under_way_is_finished(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """The server is told to stop while one request waits for the database and another one is still
    being sent. Both are answered, and then it ends."""
    key = api_key(container, "crm", "operator")
    request = post("/leads", key, LEAD)
    other = post("/leads", key, LEAD.replace("789", "780"))

    with serving(database_url, tmp_path, "--workers", "1", "--threads", "2") as server:
        with raw(server.port) as waits, raw(server.port) as sends, raw(server.port) as idle:
            with container.database.transaction() as connection:
                connection.exec_driver_sql("LOCK TABLE stored_events")
                waits.send(request)
                sends.send(other[:-5])
                idle.send(f"{GET}\r\n")
                assert idle.response().status == 200
                server.process.send_signal(signal.SIGTERM)
                then.soon(lambda: not listens(server.port), 30)
                then.soon(idle.is_closed, 30)
            sends.send(other[-5:])
            answers = [waits.response(), sends.response()]
            rest = [waits.rest(), sends.rest()]
        code = server.process.wait(40)

    assert [answer.status for answer in answers] == [201, 201]
    assert rest == [b"", b""]
    assert code == 0


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0

"""Connections are used again only where the next response is surely that of the next request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp.abc import AbstractResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domain.hosts import parse_allowed
from runners.gateways import http_pool
from runners.gateways.http import Http, HttpResponse
from runners.gateways.protocol import Unknown, Unreachable
from tests.support.gateways.names import Names

T = TypeVar("T")
GONE = Unknown("ServerDisconnectedError")


def answer(number: int, more: str = "") -> bytes:
    body = f'{{"number": {number}}}'
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}{more}".encode()


def found(number: int) -> HttpResponse:
    return HttpResponse(200, None, {"number": number})


class Server:
    """Answers the ``number``-th connection's requests with ``script[number]``, one after the other,
    and ends the connection after the last. None leaves a request without an answer. ``requests``
    are what it got, by connection."""

    def __init__(self, *script: list[bytes | None]) -> None:
        self.script = script
        self.requests: list[list[bytes]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.asked = asyncio.Event()
        # One for each connection that has ended.
        self.ended = asyncio.Semaphore(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: list[bytes] = []
        self.requests.append(mine)
        self.writers.append(writer)
        try:
            for response in self.script[len(self.requests) - 1]:
                head = await reader.readuntil(b"\r\n\r\n")
                mine.append(head)
                self.asked.set()
                if response is None:
                    await reader.read()
                else:
                    writer.write(response)
            writer.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        self.ended.release()


def with_server(
    server_of: Callable[[], Server],
    work: Callable[[Http, str, Server], Awaitable[T]],
    context: ssl.SSLContext | None = None,
    names: AbstractResolver | None = None,
) -> T:
    """What ``work`` gives with a client and the URL of a server of its own."""

    async def run() -> T:
        server = server_of()
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
        port = listening.sockets[0].getsockname()[1]
        http = Http(5.0, parse_allowed("127.0.0.1"), lambda: names or Names())
        scheme = "http" if context is None else "https"
        try:
            return await work(http, f"{scheme}://127.0.0.1:{port}/", server)
        finally:
            await http.close()
            listening.close()

    return asyncio.run(run())


async def get(http: Http, url: str) -> object:
    return await http.ask("GET", url, headers={})


async def post(http: Http, url: str) -> object:
    return await http.ask("POST", url, headers={})


@pytest.mark.parametrize(("ask", "second", "connections"), [(post, GONE, 1), (get, found(2), 2)])
def test_where_the_server_ends_an_idle_connection_only_a_get_is_repeated(
    ask: Callable[[Http, str], Awaitable[object]], second: object, connections: int
) -> None:
    """Nobody knows what it took before that."""

    async def work(http: Http, url: str, server: Server) -> tuple[list[object], int]:
        return [await get(http, url), await ask(http, url)], len(server.requests)

    # On the first connection nothing comes for the second request but the end.
    script = [answer(1), b""], [answer(2), None]
    assert with_server(lambda: Server(*script), work) == ([found(1), second], connections)


def test_what_nobody_asked_for_is_nobodys_response() -> None:
    async def work(http: Http, url: str, _: Server) -> list[object]:
        return [await get(http, url), await get(http, url)]

    forged = answer(666).decode()
    script = [answer(1, forged), None], [answer(2), None]
    assert with_server(lambda: Server(*script), work) == [found(1), found(2)]


def test_what_comes_on_an_idle_connection_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pool, "IDLE_SECONDS", 3600.0)

    async def work(http: Http, url: str, server: Server) -> list[object]:
        first = await get(http, url)
        server.writers[0].write(answer(666))
        await asyncio.wait_for(server.ended.acquire(), 30)
        return [first, await get(http, url)]

    script = [answer(1), None], [answer(2), None]
    assert with_server(lambda: Server(*script), work) == [found(1), found(2)]


def test_a_response_that_comes_after_its_request_was_given_up_is_nobodys() -> None:
    async def work(http: Http, url: str, server: Server) -> object:
        asking = asyncio.ensure_future(get(http, url))
        await server.asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(server.ended.acquire(), 30)
        return await get(http, url)

    assert with_server(lambda: Server([None], [answer(2), None]), work) == found(2)


def test_a_connection_that_was_idle_for_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next request, and without one."""
    monkeypatch.setattr(http_pool, "IDLE_SECONDS", 0.0)

    async def work(http: Http, url: str, server: Server) -> list[object]:
        said = [await get(http, url), await get(http, url)]
        for _ in range(2):
            await asyncio.wait_for(server.ended.acquire(), 30)
        return said

    script = [answer(1), answer(666), None], [answer(2), answer(666), None]
    assert with_server(lambda: Server(*script), work) == [found(1), found(2)]


def test_closing_ends_connections_and_what_is_asked_on_them() -> None:
    async def work(http: Http, url: str, server: Server) -> object:
        asking = asyncio.ensure_future(post(http, url))
        await server.asked.wait()
        await http.close()
        return await asking

    assert with_server(lambda: Server([None]), work) == GONE


def test_many_requests_look_a_name_up_once() -> None:
    names = Names(gowa__example__com=[["127.0.0.1"]])

    async def work(http: Http, url: str, _: Server) -> list[object]:
        named = url.replace("127.0.0.1", "gowa.example.com")
        return await asyncio.gather(*(get(http, named) for _ in range(9)))

    assert (
        with_server(lambda: Server(*[[answer(1), None]] * 9), work, names=names) == [found(1)] * 9
    )
    assert names.asked == ["gowa.example.com"]


def test_a_look_up_that_takes_too_long_blames_no_message() -> None:
    """Nothing was sent, so the call must not become unknown."""

    class Slow(Names):
        async def resolve(self, *_: object, **__: object) -> list[object]:  # type: ignore[override]
            return await asyncio.get_running_loop().create_future()

    async def work() -> object:
        http = Http(0.1, make_resolver=lambda: Slow())
        try:
            return await post(http, "https://gowa.example.com/")
        finally:
            await http.close()

    assert asyncio.run(work()) == Unreachable("ConnectionTimeoutError")


def test_a_header_begins_no_other() -> None:
    async def work(http: Http, url: str, server: Server) -> list[list[bytes]]:
        for name, value in (("X", "1\r\nY: 2"), ("X", "1\nY: 2"), ("X\r\nY", "1"), ("X", "\0")):
            with pytest.raises(ValueError, match="one line"):
                await http.ask("GET", url, headers={name: value})
        return server.requests

    assert with_server(Server, work) == []


@pytest.mark.parametrize(
    "wrong", ["a b", "a\x01b", "é", "@elsewhere.example.com/", ":pass@elsewhere.example.com/"]
)
def test_what_is_not_to_be_sent_is_no_url(wrong: str) -> None:
    async def work(http: Http, url: str, server: Server) -> object:
        wrong_url = url.rstrip("/") + wrong if "@" in wrong else url + wrong
        said = await get(http, wrong_url)
        return said, server.requests

    assert with_server(Server, work) == (Unreachable("its base_url is no URL"), [])


def test_a_request_is_what_servers_expect() -> None:
    async def work(http: Http, url: str, server: Server) -> list[bytes]:
        await http.ask("POST", f"{url}a%20b?c=d#e", headers={"X": "1"})
        return server.requests[0][0].split(b"\r\n")

    lines = with_server(lambda: Server([answer(1), None]), work)
    assert lines[0] == b"POST /a%20b?c=d HTTP/1.1"
    assert lines[1].startswith(b"Host: 127.0.0.1:")
    assert {b"Accept-Encoding: identity", b"X: 1", b"Content-Length: 0"} < set(lines)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a certificate for 127.0.0.1 that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "provider")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_a_server_whose_certificate_is_not_to_be_trusted_gets_no_request(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def work(http: Http, url: str, server: Server) -> object:
        return await get(http, url), sum(map(len, server.requests))

    refused = Unreachable("ClientConnectorCertificateError")
    assert with_server(lambda: Server([answer(1), None]), work, context) == (refused, 0)

    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(http_pool, "_tls", lambda: trusting)
    assert with_server(lambda: Server([answer(1), None]), work, context) == (found(1), 1)

    # A certificate of somebody else, whom everybody trusts.
    async def other_name(http: Http, url: str, server: Server) -> object:
        return await get(http, url.replace("127.0.0.1", "gowa.example.com"))

    names = Names(gowa__example__com=[["127.0.0.1"]])
    script = [answer(1), None]
    assert with_server(lambda: Server(script), other_name, context, names) == refused

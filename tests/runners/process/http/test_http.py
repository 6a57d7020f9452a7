"""sendtrail serve: HTTP as clients speak it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from projections.container import Container
from tests.support.api.given import api_key
from tests.support.raw_http import post, raw
from tests.support.serve import serving

GET = "GET /healthz HTTP/1.1\r\nHost: sendtrail\r\n"
LEAD = '{"phone": "+60123456789"}'
UPGRADE = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"


def test_a_connection_is_kept_for_the_next_request(database_url: str, tmp_path: Path) -> None:
    """Until one of both says that it is the last; HTTP/1.0 says so by default."""
    with serving(database_url, tmp_path, "--workers", "1") as server:
        with raw(server.port) as client:
            client.send(f"{GET}\r\n")
            first = client.response()
            client.send(GET.replace("GET", "HEAD") + "\r\n")
            head = client.response("HEAD")
            client.send(f"{GET}Connection: close\r\n\r\n")
            last, after = client.response(), client.rest()
        with raw(server.port) as client:
            client.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            kept = client.response()
            client.send("GET /healthz HTTP/1.0\r\n\r\n")
            old, after_old = client.response(), client.rest()

    assert (first.status, json.loads(first.body)) == (200, {"status": "ok"})
    assert first.headers["connection"] == "keep-alive"
    assert (head.status, head.headers["content-length"]) == (200, first.headers["content-length"])
    assert (last.status, last.headers["connection"], after) == (200, "close", b"")
    assert (kept.status, kept.headers["connection"]) == (200, "keep-alive")
    assert (old.status, old.headers["connection"], after_old) == (200, "close", b"")


def test_requests_sent_at_once_are_answered_in_their_order(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Also when the last of them is damaged, comes in parts, or is one too many; and a client that
    sends nothing more still gets its answers."""
    key = api_key(container, "crm", "operator")
    listing = f"GET /api/v1/leads HTTP/1.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    lead = post("/leads", key, LEAD)

    with serving(database_url, tmp_path, "--workers", "1") as server:
        with raw(server.port) as client:
            client.send(listing + lead + listing + b"nonsense\r\n\r\n")
            mixed = [client.response() for _ in range(4)]
            after = client.rest()
        with raw(server.port) as client:
            client.send(f"{GET}\r\n".encode() + lead[:-5])
            assert client.response().status == 200
            client.send(lead[-5:] + f"{GET}\r\n".encode())
            client.half_close()
            parts = [client.response().status for _ in range(2)]
            assert client.rest() == b""
        with raw(server.port) as client:
            client.send(f"{GET}\r\n" * 150)
            many = [client.response() for _ in range(100)]
            assert client.rest() == b""

    assert [answer.status for answer in mixed] == [200, 201, 200, 400]
    assert [len(answer.json["items"]) for answer in (mixed[0], mixed[2])] == [0, 1]
    assert (mixed[3].json["message"], after) == ("expected a well-formed request", b"")
    assert parts == [409, 200]  # the phone is there already
    assert {answer.status for answer in many} == {200}
    assert [answer.headers["connection"] for answer in many[-2:]] == ["keep-alive", "close"]


def test_a_body_comes_in_every_way(container: Container, database_url: str, tmp_path: Path) -> None:
    """In chunks, after 100 Continue, byte by byte, and from a client that would rather speak
    HTTP/2."""
    key = api_key(container, "crm", "operator")
    size = f"Content-Length: {len(LEAD)}"
    chunks = f"7\r\n{LEAD[:7]}\r\n{len(LEAD) - 7:X};a=b\r\n{LEAD[7:]}\r\n0\r\nTrailer: x\r\n\r\n"
    upgrade = post("/leads", key, LEAD).replace(b"Host:", f"{UPGRADE}Host:".encode())
    upgrade_chunks = post("/leads", key, None, "Transfer-Encoding: chunked") + chunks.encode()
    upgrade_chunks = upgrade_chunks.replace(b"Host:", f"{UPGRADE}Host:".encode())

    with serving(database_url, tmp_path, "--workers", "1") as server, raw(server.port) as client:
        client.send(post("/leads", key, None, "Transfer-Encoding: chunked") + chunks.encode())
        statuses = [client.response().status]
        client.send(post("/leads", key, None, size, "Expect: 100-continue"))
        statuses.append(client.response().status)
        client.send(LEAD)
        statuses.append(client.response().status)
        for byte in post("/leads", key, LEAD):
            client.send(bytes([byte]))
        statuses.append(client.response().status)
        client.send(upgrade + upgrade_chunks)
        statuses += [client.response().status for _ in range(2)]
        client.send(f"{GET}{UPGRADE}\r\n{GET}\r\n")
        statuses += [client.response().status for _ in range(2)]
        listed = json.loads(server.ask("/api/v1/leads", key)[1])["items"]

    # The phone is there from the first of them on.
    assert statuses == [201, 100, 409, 409, 409, 409, 200, 200]
    assert [lead["phone"] for lead in listed] == ["+60123456789"]


def test_what_no_request_may_be_is_refused(database_url: str, tmp_path: Path) -> None:
    """With the status that says why; the connection ends."""
    refused = {
        f"GET /{'x' * 40_000} HTTP/1.1\r\n\r\n": 431,
        f"{GET}{'X-Much: y' * 5_000}\r\n\r\n": 431,
        GET + "X-Many: y\r\n" * 4_000 + "\r\n": 431,
        "GET /healthz HTTP/3.0\r\n\r\n": 400,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": 400,
        "CONNECT example.org:443 HTTP/1.1\r\n\r\n": 501,
        "POST /api/v1/leads HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n": 501,
        "POST /api/v1/leads HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
        "GET /healthz\r\n": 400,
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,
        f"{GET}X-Folded: a\r\n b\r\n\r\n": 400,
        f"{GET}X-Null: a\0b\r\n\r\n": 400,
        "GET /healthz HTTP/1.1\nHost: x\n\n": 400,
    }

    with serving(database_url, tmp_path, "--workers", "1") as server:
        answers = {}
        for request in refused:
            with raw(server.port) as client:
                client.send(request.encode("latin-1"))
                client.half_close()
                answers[request] = client.response()
                assert client.rest() == b""

    assert {request: answer.status for request, answer in answers.items()} == refused
    guards = {answer.headers.get("x-content-type-options") for answer in answers.values()}
    assert guards == {"nosniff"}


def test_an_address_of_ipv6_is_served(database_url: str, tmp_path: Path) -> None:
    """Of IPv4 it is served as well, if the host is every address."""
    with serving(database_url, tmp_path, "--workers", "1", "--host", "::") as server:
        with socket.create_connection(("::1", server.port), 30) as client:
            client.sendall(f"{GET}Connection: close\r\n\r\n".encode())
            answer = client.makefile("rb").readline()
        other = server.ask("/healthz")[0]

    assert (answer, other) == (b"HTTP/1.1 200 OK\r\n", 200)

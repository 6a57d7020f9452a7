"""sendtrail serve: what was not all there did not happen."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from projections.container import Container
from tests.support.api.given import api_key
from tests.support.raw_http import Response, post, raw
from tests.support.serve import Server, serving

LEAD = '{"phone": "+60123456789", "name": "Aisyah"}'
CSV = b"phone,name\n+60123456789,Aisyah\n+60123456780,Badrul\n"
CHUNKED = "Transfer-Encoding: chunked"
KEY = "Idempotency-Key: once"

# How a request to register the lead may be cut or damaged: its headers, and what comes of its body.
DAMAGED = {
    "a body shorter than its length": ([f"Content-Length: {len(LEAD)}"], LEAD[:-1]),
    "no body at all": ([f"Content-Length: {len(LEAD)}"], ""),
    "whole JSON, and a length of more": ([f"Content-Length: {len(LEAD) + 1}"], LEAD),
    "chunks that end early": ([CHUNKED], f"{len(LEAD):x}\r\n{LEAD}\r\n"),
    "a chunk that ends early": ([CHUNKED], f"{len(LEAD) + 4:x}\r\n{LEAD}\r\n"),
    "a last chunk without its end": ([CHUNKED], f"{len(LEAD):x}\r\n{LEAD}\r\n0\r\n"),
    "a chunk longer than it says": ([CHUNKED], f"{len(LEAD) - 2:x}\r\n{LEAD}\r\n0\r\n\r\n"),
    "a chunk size of letters": ([CHUNKED], f"size\r\n{LEAD}\r\n0\r\n\r\n"),
    "a negative chunk size": ([CHUNKED], f"-{len(LEAD):x}\r\n{LEAD}\r\n0\r\n\r\n"),
    "a chunk size of 80 bits": ([CHUNKED], f"{'f' * 20}\r\n{LEAD}\r\n0\r\n\r\n"),
    "a length of letters": (["Content-Length: many"], LEAD),
    "a negative length": (["Content-Length: -1"], LEAD),
    "two lengths": (["Content-Length: 4", f"Content-Length: {len(LEAD)}"], LEAD),
    "a length and chunks": (
        [f"Content-Length: {len(LEAD)}", CHUNKED],
        f"{len(LEAD):x}\r\n{LEAD}\r\n0\r\n\r\n",
    ),
    "chunks twice": ([CHUNKED, CHUNKED], f"{len(LEAD):x}\r\n{LEAD}\r\n0\r\n\r\n"),
    "a header without a colon": (["Content-Length", f"Content-Length: {len(LEAD)}"], LEAD),
    "a space before the colon": ([f"Content-Length : {len(LEAD)}"], LEAD),
    "two hosts": (["Host: other", f"Content-Length: {len(LEAD)}"], LEAD),
}


def leads(server: Server, key: str) -> str:
    return server.ask("/api/v1/leads", key)[1]


def sent(server: Server, request: bytes) -> Response:
    """The answer to a request after which the client sends nothing more; the server closes."""
    with raw(server.port) as client:
        client.send(request)
        client.half_close()
        response = client.response()
        assert client.rest() == b""
        return response


def test_a_request_that_is_not_whole_does_nothing(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Cut or damaged, it is answered with 400, and its idempotency key is still free: the whole
    request with the same key does what it says."""
    key = api_key(container, "crm", "operator")

    with serving(database_url, tmp_path, "--workers", "1") as server:
        answers = {}
        for what, (headers, body) in DAMAGED.items():
            request = post("/leads", key, None, KEY, *headers) + body.encode()
            answers[what] = sent(server, request)
        before = leads(server, key)
        whole = sent(server, post("/leads", key, LEAD, KEY))
        again = sent(server, post("/leads", key, LEAD, KEY))
        code = server.ends(signal.SIGTERM)

    assert {what: answer.status for what, answer in answers.items()} == dict.fromkeys(DAMAGED, 400)
    assert answers["no body at all"].json == {
        "code": 400,
        "status": "Bad Request",
        "message": "expected the whole request",
    }
    assert before == '{"items":[],"next_cursor":null}\n'
    assert (whole.status, "idempotency-replayed" in whole.headers) == (201, False)
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert code == 0


def test_a_client_that_goes_away_in_the_middle_has_done_nothing(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """It closes the connection with half of the body sent, and nobody is left to be answered."""
    key = api_key(container, "crm", "operator")
    request = post("/leads", key, LEAD, KEY)

    with serving(database_url, tmp_path, "--workers", "1") as server:
        with raw(server.port) as client:
            client.send(request[:-10])
        before = leads(server, key)
        whole = sent(server, request)

    assert before == '{"items":[],"next_cursor":null}\n'
    assert (whole.status, "idempotency-replayed" in whole.headers) == (201, False)


def test_an_upload_that_is_cut_leaves_nothing(
    container: Container, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lead, no file, and the whole upload with the same key is done."""
    key = api_key(container, "crm", "operator")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    rows = b"".join(b"+6011%08d,Aisyah\n" % number for number in range(100_000))
    upload = post("/leads/import", key, b"phone,name\n" + rows, KEY, "Content-Type: text/csv")
    small = post("/leads/import", key, CSV, "Idempotency-Key: other", "Content-Type: text/csv")

    with serving(database_url, tmp_path, "--workers", "1") as server:
        cut = sent(server, upload[:-100])
        cut_small = sent(server, small[:-1])
        before = leads(server, key)
        files = [*scratch.iterdir()]
        whole = sent(server, small)

    assert (cut.status, cut_small.status) == (400, 400)
    assert before == '{"items":[],"next_cursor":null}\n'
    assert files == []
    assert (whole.status, whole.json["registered"]) == (200, 2)


def test_a_large_body_is_refused_before_it_is_read(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Whose path takes none, or who has no key, gets the answer while the body is still to come;
    a client that waits for 100 Continue does not get it."""
    key = api_key(container, "crm", "operator")
    huge = "Content-Length: 1000000000"
    expects = "Expect: 100-continue"
    csv = "Content-Type: text/csv"

    with serving(database_url, tmp_path, "--workers", "1") as server:
        statuses = []
        for request in (
            post("/leads", key, None, huge),
            post("/leads", key, None, huge, expects),
            post("/leads/import", "st_wrong", None, huge, csv),
            post("/leads/import", key, None, "Content-Length: 2000000000", csv),
        ):
            with raw(server.port) as client:
                client.send(request)
                client.send(b"x" * 5_000_000)  # by a client that reads nothing meanwhile
                response = client.response()
                statuses.append((response.status, response.json["code"]))
                assert client.rest() == b""
        with raw(server.port) as client:
            client.send(post("/leads", key, None, CHUNKED))
            for _ in range(20):
                client.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            statuses.append((client.response().status, client.rest()))
        with raw(server.port) as client:
            client.send(post("/leads/import", key, None, "Content-Length: 1100000", expects, csv))
            admitted = client.response().status
            client.send(b"phone\n" + b"\n" * (1_100_000 - 6))
            uploaded = client.response()

    assert statuses == [(413, 413), (413, 413), (401, 401), (413, 413), (413, b"")]
    assert (admitted, uploaded.status, uploaded.json["registered"]) == (100, 200, 0)

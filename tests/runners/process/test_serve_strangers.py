"""``sendtrail serve`` asked by strangers: what it logs, and which of their headers it believes."""

from __future__ import annotations

import signal
import socket
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from projections.container import Container
from tests.support.api import webhooks
from tests.support.api.webhooks import SECRET
from tests.support.serve import Server, serving

# A secret that a person made up, and a provider that puts it into the address as it is.
SPACED = f"two words {SECRET}"


def requests(device: UUID) -> dict[str, str]:
    """Requests with the secret in their address, right and wrong in every way."""
    path = f"/webhooks/wablas/{device}?secret={SECRET}"
    end = "Connection: close\r\n\r\n"
    chunked = f"Transfer-Encoding: chunked\r\n{end}"
    length = f"Content-Length: 2\r\n{end}"
    host = "Host: sendtrail\r\n"
    return {
        "right": f"POST {path} HTTP/1.1\r\n{host}{length}{{}}",
        "another method": f"GET {path} HTTP/1.1\r\n{host}{end}",
        "no such method": f"P\u00f6ST {path} HTTP/1.1\r\n{host}{length}{{}}",
        "a space in the address": f"POST {path.replace(SECRET, SPACED)} HTTP/1.1\r\n{host}{end}",
        "control characters": f"POST {path}\x01\x1b[31m HTTP/1.1\r\n{host}{end}",
        "no path": f"POST ?secret={SECRET} HTTP/1.1\r\n{host}{end}",
        "no version": f"POST {path}\r\n{host}{end}",
        "a version to come": f"POST {path} HTTP/9.9\r\n{host}{end}",
        "a line too long": f"POST {path}{'&a=1' * 5000} HTTP/1.1\r\n{host}{end}",
        "a header without a name": f"POST {path} HTTP/1.1\r\n{host}: {SECRET}\r\n{end}",
        "a header in two lines": f"POST {path} HTTP/1.1\r\n{host}a: b\r\n {SECRET}\r\n{end}",
        "a length that is none": f"POST {path} HTTP/1.1\r\n{host}Content-Length: many\r\n{end}",
        "half a body": f"POST {path} HTTP/1.1\r\n{host}Content-Length: 9\r\n{end}{{}}",
        "chunks that are none": f"POST {path} HTTP/1.1\r\n{host}{chunked}z",
        "an unknown coding": f"POST {path} HTTP/1.1\r\n{host}Transfer-Encoding: {SECRET}\r\n{end}",
        "to be continued": f"POST {path} HTTP/1.1\r\n{host}Expect: {SECRET}\r\n{length}{{}}",
        "two schemes": f"POST {path} HTTP/1.1\r\n{host}X-Forwarded-Proto: https\r\n"
        f"X-Forwarded-Ssl: off\r\n{length}{{}}",
        "another root": f"POST {path} HTTP/1.1\r\n{host}SCRIPT_NAME: /secret\r\n{length}{{}}",
    }


def status_of(server: Server, request: str) -> str:
    """The status of the answer to these bytes; empty where there is none."""
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.partition(b"\r\n")[0].decode("latin-1").partition(" ")[2][:3]


def test_a_secret_in_an_address_is_in_no_line(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Neither ours nor those of the server that we are served by, however wrong the request is."""
    device = webhooks.device(container, "wablas")
    with serving(database_url, tmp_path, log_level="DEBUG") as server:
        statuses = {name: status_of(server, text) for name, text in requests(device).items()}
        code = server.ends(signal.SIGTERM)

    written = "\n".join(server.lines)
    assert code == 0
    assert (statuses["right"], statuses["a space in the address"]) == ("200", "400")
    assert "/webhooks/<string:gateway>/<device:device_id>" in written
    assert SECRET not in written
    assert "secret=" not in written


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "X-Forwarded-Prefix"])
def test_no_header_makes_another_path(database_url: str, tmp_path: Path, name: str) -> None:
    """Which proxy may speak for a client is said by our setting alone."""
    with serving(database_url, tmp_path) as server:
        asked = f"GET /healthz HTTP/1.1\r\nHost: a\r\n{name}: /healthz\r\nConnection: close\r\n\r\n"
        assert status_of(server, asked) == "200"


def test_all_workers_count_together(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Forty wrong keys, whichever process has them; and the address is the client's behind a
    trusted proxy alone."""
    with serving(database_url, tmp_path, "--workers", "3", trusted_proxies="loopback") as server:

        def ask(client: str) -> str:
            return status_of(
                server,
                f"GET /api/v1/leads HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer st_guess\r\n"
                f"X-Forwarded-For: {client}\r\nConnection: close\r\n\r\n",
            )

        first = Counter(ask("192.0.2.7") for _ in range(40))
        second = Counter(ask("192.0.2.8") for _ in range(5))

    assert (first, second) == ({"401": 20, "429": 20}, {"401": 5})

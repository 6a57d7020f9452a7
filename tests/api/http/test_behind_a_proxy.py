"""The examples of docs/deployment.md: they run in front of a real server, and do what they say."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import LARGEST_BODY
from api.http import uploads
from projections.container import Container
from tests.support import then
from tests.support.api import webhooks
from tests.support.api.given import CAMPAIGN, api_key
from tests.support.api.webhooks import SECRET
from tests.support.proxies import CLIENT, EXAMPLES, PROXY, Proxy, program, running
from tests.support.serve import Server, serving

NAMES = {"nginx": "nginx", "caddy": "Caddy"}
each_proxy = pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(program(name) is None, reason=f"{called} is not installed"),
        )
        for name, called in NAMES.items()
    ],
)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    with serving(database_url, tmp_path / "home", trusted_proxies=PROXY) as serving_one:
        yield serving_one


@pytest.fixture
def proxy(server: Server, name: str, tmp_path: Path) -> Iterator[Proxy]:
    with running(tmp_path / name, name, server.port) as one:
        yield one


@each_proxy
def test_it_serves_over_tls(container: Container, proxy: Proxy) -> None:
    key = {"Authorization": f"Bearer {api_key(container, 'crm', 'operator')}"}

    plain = proxy.ask("GET", "/api/v1/leads?limit=1", tls=False)
    leads = proxy.ask("GET", "/api/v1/leads", **key)
    closed = proxy.ask("GET", "/metrics")
    made = proxy.ask("POST", "/api/v1/leads", b'{"phone": "+60123456789"}', **key, **JSON)

    assert plain.status == 308
    assert plain.headers["location"].endswith("/api/v1/leads?limit=1")
    assert plain.headers["location"].startswith("https://localhost")
    assert (leads.status, made.status) == (200, 201)
    told = [answer.headers["strict-transport-security"] for answer in (leads, closed)]
    assert told == ["max-age=31536000"] * 2


@each_proxy
@pytest.mark.parametrize("closed", ["metrics", "readyz"])
def test_what_is_not_for_outside_is_closed_however_it_is_written(
    container: Container, proxy: Proxy, server: Server, closed: str
) -> None:
    """With a right key, too. Sendtrail itself takes the first of these for one path."""
    key = {"Authorization": f"Bearer {api_key(container, 'crm', 'admin')}"}
    first = f"%{ord(closed[0]):02x}{closed[1:]}"
    taken = [f"/{closed}", f"/{closed}/", f"/{closed}?x=1", f"/{closed}%2f", f"/{closed}%2F"]
    taken += [f"/{first}", f"/{first}%2f?x=1"]
    others = [f"//{closed}", f"/{closed}//", f"/.//{closed}", f"/x/%2e%2e/{closed}", f"/{closed}/x"]

    inside = {path: server.ask(path)[0] for path in taken}
    outside = {
        (path, bool(headers)): proxy.ask("GET", path, **headers).status
        for path in taken + others
        for headers in ({}, key)
    }

    assert inside == dict.fromkeys(taken, 200)
    assert outside == dict.fromkeys(outside, 404)


JSON = {"Content_Type": "application/json"}


@each_proxy
def test_the_clients_own_address_is_seen_and_not_what_it_says(proxy: Proxy, server: Server) -> None:
    """A guesser who claims to be somebody else is noted as who he is."""
    wrong = {"Authorization": "Bearer st_guess", "X_Forwarded_For": "203.0.113.9"}

    statuses = [proxy.ask("GET", "/api/v1/leads", **wrong).status for _ in range(21)]

    assert statuses == [401] * 20 + [429]
    lines = [json.loads(line) for line in server.lines if line.startswith("{")]
    noted = {line["address"] for line in lines if line["event"] == "audit.wrong_key"}
    assert noted == {CLIENT}


@each_proxy
def test_bodies_are_as_large_as_ours(container: Container, proxy: Proxy) -> None:
    """A mebibyte and no more, but for imports."""
    key = {"Authorization": f"Bearer {api_key(container, 'crm', 'operator')}"}
    rows = "".join(f"+6012{number:07d},{'x' * 10_000}\n" for number in range(320))
    file = f"phone,note\n{rows}".encode()
    assert len(file) > 3 * LARGEST_BODY

    fits = proxy.ask("POST", "/api/v1/campaigns", CAMPAIGN.ljust(LARGEST_BODY), **key, **JSON)
    larger = proxy.ask("POST", "/api/v1/campaigns", CAMPAIGN.ljust(LARGEST_BODY + 1), **key, **JSON)
    imported = proxy.ask("POST", "/api/v1/leads/import", file, **key, Content_Type="text/csv")

    assert (fits.status, larger.status) == (201, 413)
    assert (imported.status, json.loads(imported.text)["registered"]) == (200, 320)


@each_proxy
def test_a_webhooks_secret_is_in_no_log_of_the_proxy(
    container: Container, proxy: Proxy, server: Server
) -> None:
    """Taken in, or with nobody behind the proxy who could take it in."""
    device = webhooks.device(container, "wablas")
    path = f"/webhooks/wablas/{device}?secret={SECRET}"

    taken = proxy.ask("POST", path, b"{}", **JSON)
    server.ends(signal.SIGTERM)
    away = proxy.ask("POST", path, b"{}", **JSON)

    assert (taken.status, away.status) == (200, 502)
    proxy.process.terminate()
    then.soon(lambda: proxy.process.poll() is not None)
    assert f"/webhooks/wablas/{device}" in proxy.written()
    assert SECRET not in proxy.written()


def test_the_limits_are_ours() -> None:
    nginx = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    caddy = (EXAMPLES / "Caddyfile").read_text(encoding="utf-8")

    assert (LARGEST_BODY, uploads.LARGEST) == (1 << 20, 1 << 30)
    assert re.findall(r"client_max_body_size (\S+);", nginx) == ["1m", "1g"]
    assert re.findall(r"max_size (\S+)", caddy) == ["1GiB", "1MiB"]

"""The client's address and scheme: a trusted proxy's word is believed, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st

from api.http import client_address
from projections.config import settings
from projections.container import Container
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY

TRUSTED = settings.read(
    {"SENDTRAIL_TRUSTED_PROXIES": "10.0.0.1,10.0.1.0/24,2001:db8:ffff::/48"}
).trusted_proxies
ANOTHER = "192.0.2.7"


def believed(peer: str, forwarded: str | None = None, scheme: str | None = None) -> tuple[str, str]:
    """The client's address and scheme of a request that the server took over HTTP."""
    environ: dict[str, Any] = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"}
    headers = {"HTTP_X_FORWARDED_FOR": forwarded, "HTTP_X_FORWARDED_PROTO": scheme}
    environ.update({name: text for name, text in headers.items() if text is not None})
    client_address.believe(environ, TRUSTED)
    return environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (ANOTHER, ANOTHER),
        # What the client itself wrote is left of what the proxy wrote.
        (f"127.0.0.1, 10.0.0.1,{ANOTHER}", ANOTHER),
        # A proxy behind another.
        (f"{ANOTHER}, 10.0.1.77", ANOTHER),
        (f"{ANOTHER},10.0.1.77,2001:db8:ffff::9", ANOTHER),
        ("10.0.1.77", "10.0.1.77"),
        (f"{ANOTHER}:5678", ANOTHER),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:DB8::7]:5678", "2001:db8::7"),
        (f"::ffff:{ANOTHER}", ANOTHER),
    ],
)
def test_the_first_from_the_right_that_is_not_trusted_is_the_client(
    forwarded: str, address: str
) -> None:
    assert believed("10.0.0.1", forwarded) == (address, "http")


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "unknown",
        "_hidden",
        "192.0.2",
        "[2001:db8::7",
        '"192.0.2.9"',
        "192.0.2.9/32",
        "x" * 9999,
    ],
)
def test_a_malformed_entry_ends_the_walk(malformed: str) -> None:
    """The last address that a trusted proxy named is the client; left of it nothing is read."""
    assert believed("10.0.0.1", malformed) == ("10.0.0.1", "http")
    assert believed("10.0.0.1", f"{ANOTHER},{malformed}") == ("10.0.0.1", "http")
    assert believed("10.0.0.1", f"{ANOTHER},{malformed},10.0.1.77") == ("10.0.1.77", "http")
    assert believed("10.0.0.1", f"{malformed},{ANOTHER}") == (ANOTHER, "http")


def test_no_client_decides_how_much_is_read() -> None:
    """A header of a thousand proxies is read for twenty."""
    forwarded = ",".join([ANOTHER, *["10.0.1.77"] * 1000])
    assert believed("10.0.0.1", forwarded) == ("10.0.1.77", "http")
    assert believed("10.0.0.1", ",".join([ANOTHER, *["10.0.1.77"] * 19]))[0] == ANOTHER


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8:ffff::1%eth0"])
def test_a_proxy_is_known_in_any_spelling(peer: str) -> None:
    assert believed(peer, ANOTHER, "https") == (ANOTHER, "https")


@pytest.mark.parametrize(
    ("forwarded", "given_scheme", "scheme"),
    [
        (ANOTHER, "https", "https"),
        (ANOTHER, "HTTPS ", "https"),
        (ANOTHER, "http", "http"),
        (None, "https", "https"),
        # The client itself said https; its proxy was asked by http.
        (ANOTHER, "https,http", "http"),
        # Two proxies: the outer one was asked by https, the inner one by http.
        (f"{ANOTHER},10.0.1.77", "https,http", "https"),
        (f"{ANOTHER},10.0.1.77", "http,https,http", "https"),
        # The inner one puts its own word, or that of the outer one, in the place of all.
        (f"{ANOTHER},10.0.1.77", "https", "https"),
        (ANOTHER, "", "http"),
        (ANOTHER, "ftp", "http"),
        (ANOTHER, "https\x00", "http"),
    ],
)
def test_the_scheme_is_what_the_client_asked_by(
    forwarded: str | None, given_scheme: str, scheme: str
) -> None:
    assert believed("10.0.0.1", forwarded, given_scheme)[1] == scheme


headers = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.one_of(
            st.ip_addresses().map(str), st.sampled_from(["10.0.0.1", "loopback", "", "https"])
        )
    ).map(",".join),
)
strangers = st.one_of(
    st.ip_addresses().filter(lambda address: not any(address in each for each in TRUSTED)).map(str),
    # A Unix socket, and what is no address at all.
    st.sampled_from(["", "?", "10.0.0.1.example.com", "::ffff:10.0.0.2", "10.0.0.1,10.0.0.1"]),
)


@given(peer=strangers, forwarded=headers, scheme=headers, host=headers)
def test_no_header_of_a_stranger_changes_anything(
    peer: str, forwarded: str, scheme: str, host: str
) -> None:
    environ = {
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_FOR": forwarded,
        "HTTP_X_FORWARDED_PROTO": scheme,
        "HTTP_X_FORWARDED_HOST": host,
        "HTTP_X_REAL_IP": forwarded,
        "HTTP_FORWARDED": f"for={forwarded};proto={scheme}",
    }
    before = dict(environ)

    client_address.believe(environ, TRUSTED)

    assert environ == before


@given(peer=st.sampled_from(["10.0.0.1", "10.0.1.5"]), forwarded=headers, scheme=headers)
def test_what_a_proxy_says_never_fails(peer: str, forwarded: str, scheme: str) -> None:
    """What becomes the client is an address, and the scheme is one of two."""
    address, found = believed(peer, forwarded, scheme)

    assert str(client_address.address(address)) == address
    assert found in ("http", "https")


@pytest.mark.parametrize("trusted", [True, False])
def test_everything_sees_the_clients_address(database_url: str, clock: Any, trusted: bool) -> None:
    """With the setting wrong keys are counted by client; without it all clients of the proxy are
    one, and right keys are let in all the same."""
    known = {"SENDTRAIL_TRUSTED_PROXIES": "127.0.0.1"} if trusted else {}
    given_settings = settings.read(
        {"SENDTRAIL_DATABASE_URL": database_url, "SENDTRAIL_SECRET_KEY": SECRET_KEY, **known}
    )
    with Container(given_settings, clock) as container:
        guesser = Client(application(container), "st_guess")
        statuses = [
            guesser.json(
                "GET", "/leads", headers={"X-Forwarded-For": f"198.51.100.{number % 2}"}
            ).status
            for number in range(50)
        ]

    assert statuses.count(401) == (40 if trusted else 20)
    assert statuses.count(429) == (10 if trusted else 30)


def test_a_peer_without_an_address_is_a_client_too() -> None:
    """As behind a Unix socket: all of them are counted as one."""
    app = Flask("empty")
    with app.test_request_context("/", environ_overrides={"REMOTE_ADDR": ""}):
        assert (request.remote_addr, client_address.client()) == ("", "unknown")

"""URLs that Sendtrail calls: what may be saved, and where it leads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from domain import hosts, urls
from domain.errors import InvalidInputError
from domain.hosts import NONE, parse_allowed
from domain.urls import Origin

NO_URL = "an http or https URL with a host name, or an IP address in its usual form, such as"
CLEAR = "https; http is for this machine, or where an admin sets allow_http"
PRIVATE = "a public host; if this private one is meant, an administrator adds it to the setting"
NARROW = "a public host: link-local addresses and those of metadata services are refused unless"


def refused(url: str, *, allow_http: bool = False, setting: str = "", query: bool = False) -> str:
    """What was expected instead; empty where the URL may be saved."""
    allowed = parse_allowed(setting) if setting else NONE
    try:
        urls.check("url", url, allow_http=allow_http, allowed=allowed, query=query)
    except InvalidInputError as error:
        return str(error).removeprefix("url: expected ")
    return ""


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://gowa.example.com", ("https", "gowa.example.com", 443)),
        ("https://gowa.example.com/", ("https", "gowa.example.com", 443)),
        ("HTTPS://GOWA.example.com:443/Sales", ("https", "gowa.example.com", 443)),
        ("https://gowa.example.com:8443/a%20b/", ("https", "gowa.example.com", 8443)),
        ("https://8.8.8.8", ("https", "8.8.8.8", 443)),
        ("https://[2606:4700:0::1111]:1", ("https", "2606:4700::1111", 1)),
        ("http://127.0.0.1:3000", ("http", "127.0.0.1", 3000)),
        ("http://localhost", ("http", "localhost", 80)),
        ("http://[::1]:3000", ("http", "::1", 3000)),
        ("https://xn--mnchen-3ya.example", ("https", "xn--mnchen-3ya.example", 443)),
    ],
)
def test_a_url_leads_to_one_origin(url: str, origin: tuple[str, str, int]) -> None:
    """That which the HTTP client connects to."""
    assert urls.origin(url) == Origin(*origin)
    assert refused(url) == ""
    read = URL(url, encoded=True)
    assert (read.scheme, (read.raw_host or "").lower(), read.port) == (
        origin[0],
        url.split("[")[1].split("]")[0] if "[" in url else origin[1],
        origin[2],
    )


NO_URLS = """
gowa gowa.example.com //gowa.example.com https: https:// https:///a https:a.example https:/a.example
ftp://a.example file:///etc/passwd javascript:alert(1)
https://user@a.example https://user:pw@a.example https://:@a.example https://@a
https://a.example\\@b.example https://a.example/\\ https://a.example\\.b.example
https://a.example#b https://a.example/# https://a.example?b https://a.example/?
https://a.example: https://a.example:0 https://a.example:65536 https://a:b https://a.example:-1
https://a.example:+1 https://a.example:\uff11 https://a.example:99999
https://127.1 https://0x7f.1 https://2130706433 https://0177.0.0.1 https://169.254.43518
https://a9fe.0xa9fe https://127.0.0.1. https://a.example. https://\uff11\uff12\uff17.0.0.1
https://m\u00fcnchen.example https://a%2eexample https://%61.b
https://[::1 https://::1 https://[127.0.0.1] https://[a.example] https://[] https://[::1]x
https://[fe80::1%25eth0]
"""
WITH_SPACES = (
    *(
        "",
        " https://a.example",
        "https://a.example ",
        "https://a.example\n",
        "https://a.example/a b",
    ),
    *("https://a.example/\t", "https://a.example/\0", "https://a.example\x7f", "https://a\u2028b"),
)


@pytest.mark.parametrize("url", [*NO_URLS.split(), *WITH_SPACES, f"https://a.example/{'b' * 2000}"])
def test_what_is_no_url_or_can_be_read_in_two_ways_is_refused(url: str) -> None:
    assert urls.origin(url) is None or "?" in url
    expected = refused(url, allow_http=True, setting="0.0.0.0/0,::/0")
    assert expected.startswith(NO_URL)
    assert expected.endswith("no user name, password, space, ? or # in it")


def test_only_a_subscription_may_have_a_query() -> None:
    assert refused("https://a.example/hook?token=1&b=c", query=True) == ""
    assert refused("https://a.example?x", query=True) == ""
    assert refused("https://a.example/hook#b", query=True).endswith("password, space or # in it")


@pytest.mark.parametrize(
    ("url", "allow_http", "setting", "expected"),
    [
        ("http://a.example", False, "", CLEAR),
        ("http://a.example", True, "", ""),
        ("http://8.8.8.8:3000", False, "", CLEAR),
        ("http://gowa:3000", False, "gowa", CLEAR),
        ("http://gowa:3000", True, "", f"{PRIVATE} SENDTRAIL_ALLOW_PRIVATE_HOSTS"),
        ("http://gowa:3000", True, "gowa", ""),
        ("http://gowa:3000", True, "172.16.0.0/12", ""),
        ("https://10.1.2.3", False, "", f"{PRIVATE} SENDTRAIL_ALLOW_PRIVATE_HOSTS"),
        ("https://10.1.2.3", False, "10.0.0.0/8", ""),
        ("https://[::ffff:10.1.2.3]", False, "", f"{PRIVATE} SENDTRAIL_ALLOW_PRIVATE_HOSTS"),
        ("https://169.254.169.254", False, "", NARROW),
        ("https://[::ffff:169.254.169.254]", False, "10.0.0.0/8", NARROW),
        ("https://169.254.169.254", False, "169.254.169.254", ""),
        ("https://0.0.0.0", False, "0.0.0.0/0", "a host with an address that can be called"),
        ("https://[64:ff9b::a9fe:a9fe]", False, "", "a host with an address that can be called"),
    ],
)
def test_a_url_goes_to_no_private_host_that_is_not_named_and_not_in_clear_text(
    url: str, allow_http: bool, setting: str, expected: str
) -> None:
    found = refused(url, allow_http=allow_http, setting=setting)
    assert found.startswith(expected)
    assert bool(found) == bool(expected)


@given(
    st.text(
        alphabet=st.sampled_from("https:/.@#?[]\\%0123456789xabcdef127localhost\uff11\u3002 \t"),
        max_size=40,
    ).map(lambda text: f"https://{text}")
    | st.ip_addresses().map(lambda address: f"https://{address}")
    | st.ip_addresses(v=6).map(lambda address: f"https://[{address}]:3000/a")
)
def test_what_may_be_saved_is_read_alike_by_the_http_client(url: str) -> None:
    """So no check is passed by one host and the request sent to another."""
    found = urls.origin(url)
    if found is None:
        return
    read = URL(url, encoded=True)
    assert (read.scheme, read.port) == (found.scheme, found.port)
    assert hosts.parse(read.raw_host or "") == hosts.parse(found.host)
    assert (read.raw_user, read.raw_password, read.raw_fragment) == (None, None, "")


@pytest.mark.parametrize(
    ("url", "allow_http", "safe"),
    [
        ("https://a.example", False, True),
        ("http://a.example", False, False),
        ("http://a.example", True, True),
        ("http://127.0.0.1:3000", False, True),
        ("http://gowa.localhost", False, True),
        ("http://127.1", False, False),
        ("ftp://127.0.0.1", True, False),
        ("https://", True, False),
        ("https://[", True, False),
        # Saved by an earlier release, and not refused for its form alone.
        ("https://a.example/?b#c", False, True),
    ],
)
def test_what_an_earlier_release_saved_is_called_with_tls(
    url: str, allow_http: bool, safe: bool
) -> None:
    assert urls.is_safe(url, allow_http=allow_http) is safe

"""The address is judged again when the connection is made, whatever was saved."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import hosts, urls
from domain.errors import InvalidInputError, ProviderError
from domain.hosts import NONE, AllowedHosts, parse_allowed
from projections.config.settings import Settings
from runners.gateways import templates
from runners.gateways.http import Http, HttpResponse
from runners.gateways.protocol import Outcome, Unknown, Unreachable
from runners.gateways.registry import make_gateways
from runners.sending.breaker import Breaker
from tests.runners.gateways.providers import PROVIDERS, Behind, Provider, outgoing, send
from tests.support.gateways.fake_gowa import FakeGowa
from tests.support.gateways.fakes import Behaviour, serving
from tests.support.gateways.names import Names, nobody_answers

NAME = "gowa.example.com"
PRIVATE = (
    "its host may not be called: expected a public host; if this private one is meant, an"
    " administrator adds it to the setting SENDTRAIL_ALLOW_PRIVATE_HOSTS of all processes, as in"
    " SENDTRAIL_ALLOW_PRIVATE_HOSTS="
)
NARROW = (
    "its host may not be called: expected a public host: link-local addresses and those of metadata"
    " services are refused unless SENDTRAIL_ALLOW_PRIVATE_HOSTS names them as such"
)
Answer = HttpResponse | Unreachable | Unknown


def asks(*calls: str, names: Names | None = None, allowed: AllowedHosts = NONE) -> list[Answer]:
    """The answers to these URLs, one after the other, by one client."""

    async def work() -> list[Answer]:
        http = Http(5.0, allowed, lambda: names or Names())
        try:
            return [
                await http.ask("GET", url, headers={"Authorization": "s3cret"}) for url in calls
            ]
        finally:
            await http.close()

    return asyncio.run(work())


@pytest.fixture
def gowa() -> Iterator[FakeGowa]:
    with serving(FakeGowa()) as fake:
        yield fake


def test_a_public_name_that_leads_to_this_machine_is_not_called(gowa: FakeGowa) -> None:
    """Its DNS answers what its owner wants; what listens here alone would be told everything."""
    url = f"http://{NAME}:{gowa.port}/devices"
    names = Names(gowa__example__com=[["127.0.0.1"], ["127.0.0.1", "::1"], ["::ffff:127.0.0.1"]])

    assert asks(url, url, url, names=names) == [Unreachable(PRIVATE + NAME)] * 3

    assert names.asked == [NAME] * 3
    assert gowa.paths == []
    assert names.is_closed


def test_a_name_that_answers_something_else_later_is_judged_by_what_is_connected(
    gowa: FakeGowa,
) -> None:
    """An address that may be called when it was saved and at the first message; then that of the
    cloud's metadata service. Nobody is asked a second time between check and connection."""
    url = f"http://{NAME}:{gowa.port}/devices"
    names = Names(gowa__example__com=[["127.0.0.1"], ["169.254.169.254"], ["fd00:ec2::254"]])

    allowed = parse_allowed("127.0.0.1")

    (first,) = asks(url, names=names, allowed=allowed)
    later = [asks(url, names=names, allowed=allowed) for _ in range(2)]

    assert isinstance(first, HttpResponse)
    assert later == [[Unreachable(NARROW)]] * 2
    assert (names.asked, gowa.paths) == ([NAME] * 3, ["/devices"])


def test_of_several_addresses_those_are_tried_that_may_be_called() -> None:
    names = Names(gowa__example__com=[["10.1.2.3", "93.184.215.14", "fd00::7", "2606:4700::1111"]])

    with nobody_answers() as tried:
        answers = asks(f"https://{NAME}", names=names)

    assert answers == [Unreachable("ClientConnectorError")]
    assert sorted(set(tried)) == ["2606:4700::1111", "93.184.215.14"]


def test_a_host_that_the_setting_names_is_called(gowa: FakeGowa) -> None:
    """By its name, or by its address or network."""
    url = f"http://gowa:{gowa.port}/devices"
    for setting in ("gowa", "127.0.0.1", "127.0.0.0/8"):
        names = Names(gowa=[["127.0.0.1"]])
        (answer,) = asks(url, names=names, allowed=parse_allowed(setting))
        assert isinstance(answer, HttpResponse), setting
    assert gowa.paths == ["/devices"] * 3


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("10.1.2.3", f"{PRIVATE}10.1.2.3"),
        ("[fd00::7]", f"{PRIVATE}fd00::7"),
        ("[::ffff:10.1.2.3]", f"{PRIVATE}::ffff:10.1.2.3"),
        ("gowa", f"{PRIVATE}gowa"),
        ("169.254.169.254", NARROW),
        ("[::ffff:a9fe:a9fe]", NARROW),
        ("[fe80::1]", NARROW),
        ("100.100.100.200", NARROW),
        *[
            (host, "its host may not be called: expected a host with an address that can be called")
            for host in ("0.0.0.0", "[::]", "255.255.255.255", "[64:ff9b::a9fe:a9fe]")  # noqa: S104
        ],
        *[
            (
                host,
                "its host may not be called: expected a host name, or an IP address in its usual"
                " form (four decimal numbers, or IPv6)",
            )
            for host in ("127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "localhost.")
        ],
    ],
)
def test_an_address_in_the_url_itself_is_judged_too(host: str, reason: str) -> None:
    """No name is looked up then. However it got into the database: nothing is connected to."""
    with nobody_answers() as tried:
        assert asks(f"https://{host}:3000/send") == [Unreachable(reason)]
    assert tried == []


def test_what_is_no_url_is_unreachable() -> None:
    said = asks("https://[", "https://a.example:x", "https://")
    assert said[:2] == [Unreachable("its base_url is no URL")] * 2
    assert isinstance(said[2], Unreachable)


@contextmanager
def proxies(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGowa]:
    """The environment names a proxy for everything, which is this."""
    with serving(FakeGowa()) as proxy, monkeypatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.setenv(name, proxy.url)
            patch.setenv(name.upper(), proxy.url)
        patch.delenv("no_proxy", raising=False)
        patch.delenv("NO_PROXY", raising=False)
        yield proxy


def test_a_proxy_of_the_environment_is_not_used(
    gowa: FakeGowa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would connect to wherever it is told, and nobody would have judged the address."""
    with proxies(monkeypatch) as proxy:
        (answer,) = asks(f"{gowa.url}/devices")
        assert isinstance(answer, HttpResponse)
        assert (gowa.paths, proxy.paths) == (["/devices"], [])


def test_a_redirect_to_a_private_address_is_not_followed(behind: Behind) -> None:
    """Nobody would have judged it."""
    provider, fake = behind
    fake.behave = lambda asked: Behaviour("redirect", location="http://169.254.169.254")
    assert send(provider, outgoing(provider, fake.url)) == [Unreachable("http_307")]
    assert len(fake.asked) == 1


def test_a_device_behind_a_private_host_goes_offline_and_blames_no_message(
    provider: Provider,
) -> None:
    """As for any provider that cannot be reached: the messages wait for the setting."""
    url = "https://10.1.2.3"
    reason = f"{PRIVATE}10.1.2.3"

    async def sends() -> Outcome:
        gateway = provider.gateway(Http(5.0))
        try:
            return await gateway.send(outgoing(provider, url))
        finally:
            await gateway.close()

    with nobody_answers() as tried:
        outcome = asyncio.run(sends())
        assert (outcome, tried) == (Unreachable(reason), [])
    message = outgoing(provider, url)
    assert Breaker().tripped([(message.device_id, outcome)] * 3) == {
        message.device_id: f"3 calls in a row failed: {reason}"
    }


@pytest.mark.parametrize("gateway", PROVIDERS)
def test_the_setting_reaches_every_gateway(gateway: str) -> None:
    settings = Settings(allow_private_hosts=parse_allowed("10.1.2.3"))

    async def sends(of: Settings) -> Outcome:
        made = make_gateways(of)[gateway]
        try:
            return await made.send(outgoing(PROVIDERS[gateway], "https://10.1.2.3"))
        finally:
            await made.close()

    with nobody_answers() as tried:
        assert asyncio.run(sends(settings)) == Unreachable("ClientConnectorError")
        assert set(tried) == {"10.1.2.3"}


def test_the_setting_reaches_the_reading_of_templates() -> None:
    device = {
        "base_url": "https://10.1.2.3",
        "phone_number_id": "1",
        "business_account_id": "2",
    }
    for allowed, addresses in ((NONE, set()), (parse_allowed("10.1.2.3"), {"10.1.2.3"})):
        read = templates.reader(Settings(allow_private_hosts=allowed))
        with nobody_answers() as tried, pytest.raises(ProviderError):
            read(device, {"access_token": "s3cret"}, 5.0)
        assert set(tried) == addresses


# Whatever is written and whatever DNS says

KNOWN = """
127.0.0.1 10.0.0.1 169.254.169.254 100.100.100.200 ::1 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe 8.8.8.8
fd00:ec2::254 fe80::1 64:ff9b::a00:1 64:ff9b::808:808 2002:7f00:1::1 2606:4700::1
"""
SPELLED = """
localhost a.localhost gowa a.example 127.1 0x7f.1 2130706433 017700000001 0 127.0.0.1. localhost.
169.254.43518 0xa9fea9fe a.internal %31%32%37.0.0.1 [::ffff:7f00:1] [::]
"""
ADDRESSES = st.ip_addresses().map(str) | st.sampled_from(KNOWN.split())
SPELLINGS = st.sampled_from(SPELLED.split())
HOSTS = SPELLINGS | ADDRESSES.map(lambda text: f"[{text}]" if ":" in text else text)


def is_public(address: str) -> bool:
    """As Python's own tables say it, and not ours."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
        if parsed in hosts._NAT64:
            parsed = ip_address(int(parsed) & 0xFFFF_FFFF)
    return parsed.is_global and not parsed.is_multicast


@given(HOSTS, st.lists(ADDRESSES, min_size=1, max_size=4), st.booleans())
@example("a.example", ["127.0.0.1"], True)
@example("gowa", ["10.0.0.1"], True)
@example("localhost", ["8.8.8.8"], False)
def test_no_url_that_is_accepted_connects_to_a_private_address(
    host: str, answers: list[str], is_https: bool
) -> None:
    """Nor does one that is refused, however it got into the database. What says that it is this
    machine connects to nothing else."""
    url = f"{'https' if is_https else 'http'}://{host}:3000/send"
    bare = host.strip("[]")
    names = Names()
    names.answers = {bare: [answers]}
    with nobody_answers() as tried:
        (answer,) = asks(url, names=names)
    assert isinstance(answer, Unreachable)
    if hosts.is_local(bare):
        assert all(hosts.kind_of(ip_address(address)) == "loopback" for address in tried)
    else:
        assert [address for address in tried if not is_public(address)] == []
    if tried:
        urls.check("url", url, allow_http=True, allowed=NONE)
    elif bare != "a.example" and not hosts.is_local(bare):
        with pytest.raises(InvalidInputError):
            urls.check("url", url, allow_http=True, allowed=NONE)

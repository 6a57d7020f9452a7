"""Which hosts may be called, however they are written."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest

from domain import hosts
from domain.hosts import NONE, AllowedHosts, Kind, parse_allowed

# As the host is in a URL, without brackets.
KINDS: list[tuple[Kind, str]] = [
    (
        "public",
        "8.8.8.8 100.63.255.255 100.128.0.1 169.253.255.255 172.15.0.1 172.32.0.1 223.1.1.1",
    ),
    ("public", "2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808"),
    ("loopback", "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1"),
    ("private", "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255"),
    ("private", "192.0.0.1 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1"),
    ("private", "fd00::1 fc00::1 fec0::1 2001:db8::1 64:ff9b:1::a00:1 ::ffff:10.0.0.1"),
    ("narrow", "169.254.169.254 169.254.0.1 fe80::1 fe80::1%eth0 ::ffff:169.254.169.254"),
    ("narrow", "100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254 fd20:ce::254"),
    ("narrow", "::ffff:a9fe:a9fe ::ffff:6464:64c8"),
    ("unusable", "0.0.0.0 0.1.2.3 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255"),
    ("unusable", ":: ff02::1 ::10.0.0.1 ::127.0.0.1 2001:0:1::1 100::1 4000::1"),
    # By way of a translator, of what is not public; and ways that are given up.
    ("unusable", "64:ff9b::a00:1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe"),
    ("unusable", "2002:a00:1::1 2002:7f00:1::1 2002:a9fe:a9fe::1 2002:808:808::1"),
]


@pytest.mark.parametrize(
    ("kind", "address"), [(kind, each) for kind, listed in KINDS for each in listed.split()]
)
def test_an_address_is_of_the_kind_that_it_stands_for(kind: Kind, address: str) -> None:
    assert hosts.kind_of(ip_address(address)) == kind
    problem = hosts.problem(address, NONE)
    assert (problem is None) == (kind in ("public", "loopback"))


# Spellings that some programs read as an address, and others as a name.
ODD = """
0 127.1 127.0.1 0x7f.1 0x7f000001 2130706433 017700000001 0177.0.0.1 127.0.0.1. localhost.
10.1 0xa.1 167772161 012.0.0.1 10.0.0.1. 192.168.257 0xc0.0xa8.1.1 0xC0A80101
169.254.43518 0xa9fea9fe 2852039166 0251.0376.0251.0376 0xa9.254.169.254 169.254.169.254.
127.0.0.1%00 %31%32%37.0.0.1 127%2e0.0.1 \uff11\uff12\uff17.0.0.1 \u2460\u2461\u2466.0.0.1
127\u30020\u30020\u30021 loc%61lhost 256.0.0.1 1.2.3 1.2.3.4.5 example.123 example.0x1f a..b .a a.
-a.example a-.example [127.0.0.1] 12345::1 ::ffff:127.1 1.2.3.4:80 m\u00fcnchen.example user@host
a\\b a/b
"""
NO_HOST = ("", " ", "a b", "a\nb", "a\0b", "127.0.0.1 ", f"{'x' * 64}.example", f"{'a.' * 127}ab")


@pytest.mark.parametrize("host", [*ODD.split(), *NO_HOST])
def test_other_spellings_of_an_address_are_no_host(host: str) -> None:
    """Whatever they would mean: a check and a connection must not read them in two ways."""
    assert hosts.parse(host) is None
    assert not hosts.is_local(host)
    assert hosts.problem(host, NONE) is not None


@pytest.mark.parametrize(
    "host", ["gateway.example.com", "EXAMPLE.com", "a_b.example", "xn--mnchen-3ya.example", "1.a"]
)
def test_a_public_name_is_a_host(host: str) -> None:
    """Its addresses are judged when they are known."""
    assert hosts.parse(host) == host.lower()
    assert hosts.problem(host, NONE) is None


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "gowa.localhost", "127.0.0.1", "::1"])
def test_this_machine_may_be_called(host: str) -> None:
    assert hosts.is_local(host)
    assert hosts.problem(host, NONE) is None


@pytest.mark.parametrize(
    "host", ["gowa", "my_gowa", "metadata.google.internal", "crm.LAN", "a.local"]
)
def test_a_name_that_public_dns_does_not_have_is_private(host: str) -> None:
    """The error says which setting allows it, and what to write there."""
    assert hosts.problem(host, NONE) == (
        "a public host; if this private one is meant, an administrator adds it to the setting"
        " SENDTRAIL_ALLOW_PRIVATE_HOSTS of all processes, as in"
        f" SENDTRAIL_ALLOW_PRIVATE_HOSTS={host.lower()}"
    )
    assert hosts.problem(host, parse_allowed(host)) is None
    assert hosts.problem(host, parse_allowed("other")) is not None
    # It may lead there: that is seen when the connection is made.
    assert hosts.problem(host, parse_allowed("172.16.0.0/12")) is None


PUBLIC, PRIVATE, LOCAL = "93.184.215.14", "10.1.2.3", "127.0.0.1"
METADATA = "169.254.169.254"


@pytest.mark.parametrize(
    ("setting", "host", "address", "may"),
    [
        ("", "a.example", PUBLIC, True),
        ("", "a.example", PRIVATE, False),
        # A public name must not lead to what listens on this machine alone.
        ("", "a.example", LOCAL, False),
        ("", "a.example", "::1", False),
        ("", "a.example", "::ffff:127.0.0.1", False),
        ("", "localhost", LOCAL, True),
        ("", "a.localhost", "::1", True),
        # What is said to be this machine gets clear text.
        ("", "localhost", PUBLIC, False),
        ("localhost", "localhost", PUBLIC, False),
        ("10.0.0.0/8", "localhost", PRIVATE, False),
        ("gowa", "gowa", PRIVATE, True),
        ("gowa", "GOWA", "::ffff:10.1.2.3", True),
        ("gowa", "gowa", "fd00::7", True),
        ("gowa", "gowa", "127.0.0.1", True),
        ("gowa", "a.example", PRIVATE, False),
        ("gowa", "gowa", METADATA, False),
        ("gowa", "gowa", "fe80::1", False),
        ("gowa", "gowa", "100.100.100.200", False),
        ("gowa", "gowa", "0.0.0.0", False),  # noqa: S104
        ("gowa", "gowa", "224.0.0.1", False),
        ("10.1.2.3", "10.1.2.3", PRIVATE, True),
        ("10.1.2.3", "a.example", PRIVATE, True),
        ("10.1.2.3", "a.example", "10.1.2.4", False),
        ("10.0.0.0/8", "a.example", "::ffff:10.1.2.3", True),
        ("fd00::/8", "a.example", "fd00::7", True),
        # A network that is wider than the narrow range was not made for it.
        ("0.0.0.0/0,::/0", "a.example", METADATA, False),
        ("0.0.0.0/0,::/0", METADATA, METADATA, False),
        ("0.0.0.0/0,::/0", "a.example", PRIVATE, True),
        ("0.0.0.0/0,::/0", "a.example", "0.0.0.0", False),  # noqa: S104
        ("100.64.0.0/10", "a.example", "100.64.0.1", True),
        ("100.64.0.0/10", "a.example", "100.100.100.200", False),
        ("fd00::/8", "a.example", "fd00:ec2::254", False),
        ("169.254.0.0/16", METADATA, METADATA, True),
        ("169.254.169.254", METADATA, METADATA, True),
        ("169.254.169.254", "a.example", "::ffff:169.254.169.254", True),
        ("169.254.1.0/24", METADATA, METADATA, False),
        ("100.100.100.200", "a.example", "100.100.100.200", True),
        ("fe80::/10", "fe80::1", "fe80::1", True),
        ("127.0.0.0/8", "a.example", LOCAL, True),
    ],
)
def test_an_address_may_be_called_if_it_is_public_or_named(
    setting: str, host: str, address: str, may: bool
) -> None:
    allowed = parse_allowed(setting) if setting else NONE
    assert hosts.may_connect(host, ip_address(address), allowed) is may


def test_the_setting_is_a_list() -> None:
    assert parse_allowed("gowa, GoWa-2.lan ,10.1.2.3,fd00::/8") == AllowedHosts(
        frozenset({"gowa", "gowa-2.lan"}),
        (IPv4Network("10.1.2.3/32"), IPv6Network("fd00::/8")),
    )


@pytest.mark.parametrize(
    "text",
    ["http://gowa", "gowa:3000", "gowa,", "127.1", "*", "*.lan", "a b"],
)
def test_a_wrong_entry_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"^host names, IP addresses and networks with commas"):
        parse_allowed(text)

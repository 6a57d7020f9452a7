"""Which hosts may be called: public ones, this machine, and private ones that a setting names.

A host is judged twice: as it is written, when a URL is saved, and by each of its addresses, when a
connection is made. Sources of the ranges: IANA's registries of special-purpose addresses for IPv4
and IPv6, and what the providers of clouds document of their metadata services.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import Literal, NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
# Narrow ranges are link-local ones and those of metadata services: who can read there has the
# machine's own credentials. Nobody means to call what is unusable.
Kind = Literal["public", "loopback", "private", "narrow", "unusable"]

SETTING = "SENDTRAIL_ALLOW_PRIVATE_HOSTS"
ENTRIES = (
    "host names, IP addresses and networks with commas between, without scheme and port,"
    " e.g. gowa,10.1.2.3,192.168.0.0/16"
)


class AllowedHosts(NamedTuple):
    """Private hosts that may be called: ``names`` in small letters, and ``networks``."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()


NONE = AllowedHosts()


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(network) for network in text.split())


_NARROW = _networks(
    "169.254.0.0/16 fe80::/10"
    # Metadata services outside them: Alibaba, Oracle, Azure, AWS, Google.
    " 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254 fd20:ce::254"
)
# The first that an address is in says of which kind it is.
_KINDS: tuple[tuple[Kind, tuple[Network, ...]], ...] = (
    ("loopback", _networks("127.0.0.0/8 ::1")),
    ("narrow", _NARROW),
    # Teredo (2001::/32) and 6to4 (2002::/16) stand for IPv4 addresses, and are given up.
    ("unusable", _networks("0.0.0.0/8 224.0.0.0/4 240.0.0.0/4 2001::/32 2002::/16")),
    (
        "private",
        _networks(
            "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 192.0.0.0/24 192.0.2.0/24"
            " 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24"
            " fc00::/7 fec0::/10 64:ff9b:1::/48 2001::/23 2001:db8::/32 3fff::/20"
        ),
    ),
    ("public", _networks("0.0.0.0/0 2000::/3")),
)
_NAT64 = IPv6Network("64:ff9b::/96")

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# A last label like this makes some programs read the whole as an IPv4 address.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")
# Names that public DNS does not have, beside those of one label.
_PRIVATE_NAME = re.compile(
    r".*\.(?:internal|intranet|local|localdomain|lan|home|home\.arpa|corp|private)"
)


def parse_allowed(text: str) -> AllowedHosts:
    """The entries of the setting: names, addresses and networks, with commas between.

    Raises ValueError with what was expected.
    """
    names: set[str] = set()
    networks: list[Network] = []
    for entry in (part.strip() for part in text.split(",")):
        try:
            networks.append(ip_network(entry))
        except ValueError:
            host = parse(entry)
            if not isinstance(host, str):
                raise ValueError(host_bits(entry) or ENTRIES) from None
            names.add(host)
    return AllowedHosts(frozenset(names), tuple(networks))


def host_bits(text: str) -> str | None:
    """What was expected in the place of a network with bits behind its length, as ``10.0.0.5/8``
    has; None where ``text`` is none."""
    try:
        found = ip_interface(text)
    except ValueError:
        return None
    if found.ip == found.network.network_address:
        return None
    return (
        f"a network whose host bits are 0: {found.network} in the place of {found.with_prefixlen},"
        f" or {found.ip} alone"
    )


def parse(host: str) -> Address | str | None:
    """The host of a URL, without brackets: an address, or a name in small letters.

    None where it is neither. An IPv4 address has one spelling, four decimal numbers, because
    programs disagree on all others.
    """
    try:
        return ip_address(host)
    except ValueError:
        is_name = _NAME.fullmatch(host) and not _NUMERIC.fullmatch(host)
        return host.lower() if is_name else None


def kind_of(address: Address) -> Kind:
    """What calling this address means. An IPv6 address that stands for an IPv4 address is of that
    one's kind."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return kind_of(address.ipv4_mapped)
        if address in _NAT64:
            # A translator makes the call, so no host of ours can be meant.
            translated = IPv4Address(int(address) & 0xFFFF_FFFF)
            return "public" if kind_of(translated) == "public" else "unusable"
    for kind, networks in _KINDS:
        if any(address in network for network in networks):
            return kind
    return "unusable"


@lru_cache(maxsize=1024)  # it is asked before every request
def is_local(host: str) -> bool:
    """Whether the host of a URL says that it is this machine."""
    parsed = parse(host)
    if isinstance(parsed, str):
        return parsed == "localhost" or parsed.endswith(".localhost")
    return parsed is not None and kind_of(parsed) == "loopback"


def may_connect(host: str, address: Address, allowed: AllowedHosts) -> bool:
    """Whether ``address``, which is that of the ``host`` of a URL, may be called.

    A name that says that it is this machine has no other address. Any other name with an address of
    this machine is treated as a private one.
    """
    kind = kind_of(address)
    if is_local(host):
        return kind == "loopback"
    if kind in ("public", "unusable"):
        return kind == "public"
    plain = (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
    entries = [network for network in allowed.networks if plain in network]
    if kind == "narrow":
        # An entry that is wider was not made for it.
        return any(_is_part(entry, narrow) for entry in entries for narrow in _NARROW)
    return bool(entries) or parse(host) in allowed.names


@lru_cache(maxsize=1024)
def problem(host: str, allowed: AllowedHosts) -> str | None:
    """What a URL should have instead of this ``host``, as far as it can be told without looking up
    a name; None where nothing stands against it."""
    parsed = parse(host)
    if parsed is None:
        return "a host name, or an IP address in its usual form (four decimal numbers, or IPv6)"
    if isinstance(parsed, str):
        is_private = "." not in parsed or _PRIVATE_NAME.fullmatch(parsed) is not None
        # With networks allowed its addresses decide, when the connection is made.
        is_open = is_local(host) or parsed in allowed.names or bool(allowed.networks)
        return instead_of(host, "private") if is_private and not is_open else None
    return None if may_connect(host, parsed, allowed) else instead_of(host, kind_of(parsed))


def instead_of(host: str, kind: Kind) -> str:
    """What a URL should have instead of a ``host`` whose address, of this ``kind``, may not be
    called."""
    if is_local(host):
        return "a name that has an address of this machine"
    match kind:
        case "narrow":
            return (
                "a public host: link-local addresses and those of metadata services are refused"
                f" unless {SETTING} names them as such"
            )
        case "unusable":
            return "a host with an address that can be called"
    return (
        "a public host; if this private one is meant, an administrator adds it to the setting"
        f" {SETTING} of all processes, as in {SETTING}={host.lower()}"
    )


def _is_part(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)

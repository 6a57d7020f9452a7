"""Who asks: the client's own address and scheme, also behind proxies that are trusted.

Anybody may send ``X-Forwarded-For``. It counts only as far as a trusted proxy wrote it: it is read
from the right, and the first address that is no trusted proxy's is the client's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from flask import request

from projections.config.settings import Network

# What a WSGI application is called with.
Environ = dict[str, Any]

SCHEMES = ("http", "https")
# More proxies than these in a row are nobody's: a client must not decide how much is read.
MOST_PROXIES = 20
# What one household or machine has of IPv6 addresses.
HOUSEHOLD = 64

_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d{1,5})?|([^:]*)(?::\d{1,5})?")


def believe(environ: Environ, trusted: Sequence[Network]) -> None:
    """Puts the client's address and scheme in the place of a trusted proxy's, where the application
    finds them: in ``REMOTE_ADDR`` and ``wsgi.url_scheme``. What comes from anybody else stays as it
    is, whatever its headers say."""
    client = address(environ.get("REMOTE_ADDR", ""))
    if client is None or not _is_in(client, trusted):
        return
    proxies = 1
    for entry in _from_the_right(environ.get("HTTP_X_FORWARDED_FOR", "")):
        named = address(entry)
        if named is None:
            break
        client = named
        if not _is_in(client, trusted):
            break
        proxies += 1
    environ["REMOTE_ADDR"] = str(client)
    schemes = _from_the_right(environ.get("HTTP_X_FORWARDED_PROTO", ""))
    # Each proxy adds by which scheme it was asked, or puts that in the place of what was there.
    scheme = schemes[min(proxies, len(schemes)) - 1].lower() if schemes else ""
    if scheme in SCHEMES:
        environ["wsgi.url_scheme"] = scheme


def address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in ``text``, maybe in brackets, maybe with a port behind it; an IPv4 address that
    is written as IPv6 is the IPv4 address. None if there is none, as of a peer at a Unix socket."""
    match = _WITH_PORT.fullmatch(text)
    try:
        found = ip_address((match[1] or match[2] or "") if match else text)
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    # Which of this machine's networks a link-local address is in, is no part of it.
    return found.ipv4_mapped or IPv6Address(int(found))


def client() -> str:
    """By what wrong tries of this request's client are counted: its IPv4 address, or the /64 of its
    IPv6 address, of which it has all the others."""
    found = address(request.remote_addr or "")
    if isinstance(found, IPv6Address):
        return str(ip_network((found, HOUSEHOLD), strict=False))
    return "unknown" if found is None else str(found)


def is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    """Whether the address in ``text`` is that of a trusted proxy."""
    found = address(text)
    return found is not None and _is_in(found, trusted)


def _is_in(found: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(found in network for network in networks)


def _from_the_right(header: str) -> list[str]:
    """The last entries of a list with commas between, the last one first; none of an empty one."""
    entries = header.rsplit(",", MOST_PROXIES)[-MOST_PROXIES:]
    return [entry.strip() for entry in reversed(entries)] if header else []

"""URLs that Sendtrail itself calls: those of gateways and of subscriptions."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from domain import hosts
from domain.errors import InvalidInputError
from domain.hosts import AllowedHosts

LONGEST = 2000

# Visible ASCII but for the backslash, which some programs read as a slash.
_URL = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://"
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[!-~]*)?(?:\?[!-~]*)?"
)
_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where a URL leads: ``scheme`` and ``host`` in small letters; an IPv6 address has no
    brackets."""

    scheme: str
    host: str
    port: int


def origin(url: str) -> Origin | None:
    """Where a URL leads; None for what is no URL that may be saved."""
    found = _URL.fullmatch(url)
    if found is None or len(url) > LONGEST or "\\" in url or "#" in url:
        return None
    scheme = found["scheme"].lower()
    host = hosts.parse(found["v6"] or found["host"])
    port = int(found["port"] or _PORTS[scheme])
    # Brackets are for IPv6 addresses alone.
    if host is None or not 1 <= port <= 65535 or (":" in str(host)) != (found["v6"] is not None):
        return None
    return Origin(scheme, str(host), port)


def check(
    field: str, url: str, *, allow_http: bool, allowed: AllowedHosts, query: bool = False
) -> None:
    """Raise InvalidInputError naming ``field`` unless ``url`` may be saved and called.

    ``allow_http`` lets it go to another machine in clear text, ``query`` lets it have a query. What
    ``allowed`` does not say may not be private.
    """
    found = origin(url)
    if found is None or ("?" in url and not query):
        without = (
            "user name, password, space or #" if query else "user name, password, space, ? or #"
        )
        raise InvalidInputError(
            field,
            "an http or https URL with a host name, or an IP address in its usual form, such as"
            f" https://gateway.example.com: at most {LONGEST} characters of ASCII, and no {without}"
            " in it",
        )
    if found.scheme == "http" and not allow_http and not hosts.is_local(found.host):
        raise InvalidInputError(
            field, "https; http is for this machine, or where an admin sets allow_http"
        )
    problem = hosts.problem(found.host, allowed)
    if problem is not None:
        raise InvalidInputError(field, problem)


def is_safe(url: str, *, allow_http: bool) -> bool:
    """Whether credentials and personal data may be sent to a ``url`` that was saved by any release.

    They may with TLS, to this machine, or in clear text where ``allow_http`` says so.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.scheme not in ("http", "https"):
        return False
    return parts.scheme == "https" or allow_http or hosts.is_local(host)

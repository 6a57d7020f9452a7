"""The URL of the database, as libpq reads it: one host or several, a database, parameters."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import quote

import psycopg2
from psycopg2.extensions import parse_dsn

EXPECTED = "a URL such as postgresql://user:password@host:5432/database"
SEVERAL = "postgresql://user:password@a:5432,b:5432/database"
# The scheme with user and hosts, the database, the parameters.
_PARTS = re.compile(r"(postgresql://[^/?]*)(?:/([^?]*))?(?:\?(.*))?", re.DOTALL)


def parse(text: str) -> str:
    """The URL ``text`` with the scheme ``postgresql``.

    Raises ValueError with what was expected, without repeating ``text``, which may hold a password.
    """
    url, schemes = re.subn(r"^postgres(ql)?(\+psycopg2)?://", "postgresql://", text)
    if not schemes:
        raise ValueError(EXPECTED)
    authority = re.split(r"[/?#]", url.removeprefix("postgresql://"), maxsplit=1)[0]
    if authority.count("@") > 1 or authority.rpartition("@")[0].count(":") > 1:
        raise ValueError(f"{EXPECTED}, with %40 for an @ and %3A for a : in user or password")
    try:
        given = parse_dsn(url)
    except psycopg2.ProgrammingError:
        raise ValueError(
            f"{EXPECTED}, with %25 for a % in it, and after a ? only parameters that libpq knows,"
            " such as sslmode=require"
        ) from None
    _check_servers(given.get("host", "").split(","), given.get("port", "").split(","))
    return url


def of_database(url: str, name: str) -> str:
    """The URL of the database ``name`` on the same hosts, with user, password and parameters."""
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise ValueError(EXPECTED)
    # A parameter would say more than the path does.
    kept = [p for p in (parts[3] or "").split("&") if p and not p.startswith("dbname=")]
    return f"{parts[1]}/{quote(name)}" + ("?" + "&".join(kept) if kept else "")


def _check_servers(hosts: list[str], ports: list[str]) -> None:
    """Raise ValueError unless each host is one, and has a port or the only one."""
    several = len(hosts) > 1
    for number, host in enumerate(hosts, 1):
        if not _is_host(host) and (host or several):
            which = f"; host {number} of {len(hosts)} is none" if several else ""
            raise ValueError(f"{EXPECTED}, or {SEVERAL}{which}")
    if not all(port == "" or _is_port(port) for port in ports):
        raise ValueError(f"{EXPECTED}, or {SEVERAL}; a port is a number from 1 to 65535")
    if len(ports) not in (1, len(hosts)):
        raise ValueError(f"{SEVERAL}: one port for all hosts, or one for each")


def _is_host(text: str) -> bool:
    """Whether it is a name, an address or the folder of a socket."""
    if text.startswith(("/", "@")):
        return True
    if ":" in text:
        try:
            IPv6Address(text)
        except ValueError:
            return False
        return True
    return re.fullmatch(r"[^\s@/?#\[\]]+", text) is not None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= 65535

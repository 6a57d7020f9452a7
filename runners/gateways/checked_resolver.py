"""Looks up names for the HTTP client, and gives only addresses that may be called.

What the check saw is what is connected to: the client connects to the addresses that it gets here,
and asks nobody else.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from domain import hosts
from domain.hosts import AllowedHosts


class HostRefusedError(OSError):
    """The host may not be called; the text says why."""


class CheckedResolver(AbstractResolver):
    """What ``resolver`` finds, without the addresses that may not be called."""

    def __init__(self, resolver: AbstractResolver, allowed: AllowedHosts) -> None:
        self._resolver = resolver
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host`` that may be called. Raises HostRefusedError where it has only
        others."""
        found = await self._resolver.resolve(host, port, family)
        addresses = [ip_address(each["host"]) for each in found]
        good = [
            each
            for each, address in zip(found, addresses, strict=True)
            if hosts.may_connect(host, address, self._allowed)
        ]
        if found and not good:
            raise HostRefusedError(refusal(hosts.instead_of(host, hosts.kind_of(addresses[0]))))
        return good

    async def close(self) -> None:
        """Closes the resolver that looks up."""
        await self._resolver.close()


def refusal(expected: str) -> str:
    """Why a request was not made to a host in whose place this was ``expected``."""
    return f"its host may not be called: expected {expected}"

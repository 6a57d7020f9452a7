"""Connections to providers: made to checked addresses, kept for a while, used again."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache, partial
from ipaddress import IPv6Address
from typing import Any, NamedTuple

import aiohappyeyeballs
from aiohttp.abc import AbstractResolver

from domain import hosts
from runners.gateways.checked_resolver import HostRefusedError
from runners.gateways.http_connection import Connection

# Shorter than what servers keep, so that they seldom close a connection just as it is used.
IDLE_SECONDS = 15.0
# How long the addresses of a name are used. A process opens hundreds of connections at a time.
ADDRESS_SECONDS = 10.0
# Seconds until the next of several addresses is tried beside the one before (RFC 8305).
NEXT_ADDRESS_SECONDS = 0.25

# What ``aiohappyeyeballs`` and the socket module call an address.
Address = tuple[int, int, int, str, Any]


class Origin(NamedTuple):
    """Where requests share connections; ``host`` is a name, or an address without brackets."""

    is_tls: bool
    host: str
    port: int


class NoConnectionError(Exception):
    """No connection came about, so nothing was sent. ``str`` is the reason that is recorded."""


class Pool:
    """The connections of one client, in one event loop.

    ``connect_seconds`` are what looking up, connecting and TLS may take together.
    """

    def __init__(self, resolver: AbstractResolver, connect_seconds: float) -> None:
        self._resolver = resolver
        self._connect_seconds = connect_seconds
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._lookups: dict[Origin, tuple[float, asyncio.Task[list[Address]]]] = {}
        self._cleaning: asyncio.TimerHandle | None = None

    def reuse(self, origin: Origin) -> Connection | None:
        """The connection to ``origin`` that was used last and is still open, if there is one."""
        idle = self._idle.get(origin)
        oldest = self._loop.time() - IDLE_SECONDS
        while idle:
            connection = idle.pop()
            if connection.is_open and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    def put_back(self, origin: Origin, connection: Connection) -> None:
        """Keeps a connection for the next request, if it may be used again."""
        if connection.is_open:
            self._idle[origin].append(connection)
            if self._cleaning is None:
                self._cleaning = self._loop.call_later(IDLE_SECONDS, self._clean)

    async def connect(self, origin: Origin) -> Connection:
        """A new connection. Raises NoConnectionError."""
        try:
            async with asyncio.timeout(self._connect_seconds):
                return await self._connect(origin, await self._addresses(origin))
        except TimeoutError:
            raise NoConnectionError("ConnectionTimeoutError") from None
        except ssl.CertificateError:
            raise NoConnectionError("ClientConnectorCertificateError") from None
        except ssl.SSLError:
            raise NoConnectionError("ClientConnectorSSLError") from None
        except OSError:
            raise NoConnectionError("ClientConnectorError") from None

    async def close(self) -> None:
        """Closes all connections, also those in use."""
        if self._cleaning is not None:
            self._cleaning.cancel()
        lookups = [task for _, task in self._lookups.values()]
        for task in lookups:
            task.cancel()
        await asyncio.gather(*lookups, return_exceptions=True)
        connections = list(self._open)
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(connection.ended for connection in connections))
        await self._resolver.close()

    async def _connect(self, origin: Origin, addresses: Sequence[Address]) -> Connection:
        sock = await aiohappyeyeballs.start_connection(
            list(addresses), happy_eyeballs_delay=NEXT_ADDRESS_SECONDS, interleave=1
        )
        try:
            _, connection = await self._loop.create_connection(
                Connection,
                sock=sock,
                ssl=_tls() if origin.is_tls else None,
                server_hostname=origin.host.rstrip(".") if origin.is_tls else None,
            )
        except BaseException:
            sock.close()
            raise
        self._open.add(connection)
        connection.ended.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    async def _addresses(self, origin: Origin) -> list[Address]:
        """The addresses that may be called. Raises NoConnectionError.

        Whoever asks while they are looked up gets the same. One that gives up does not end the
        look-up of the others.
        """
        address = hosts.parse(origin.host)
        if address is not None and not isinstance(address, str):
            # Judged before, as a part of the URL.
            is_v6 = isinstance(address, IPv6Address)
            return [_address(socket.AF_INET6 if is_v6 else socket.AF_INET, str(address), origin)]
        until, lookup = self._lookups.get(origin, (0.0, None))
        if lookup is None or self._loop.time() >= until:
            lookup = self._loop.create_task(self._look_up(origin))
            lookup.add_done_callback(partial(self._forget_failed, origin))
            self._lookups[origin] = (self._loop.time() + ADDRESS_SECONDS, lookup)
        try:
            found = await asyncio.shield(lookup)
        except OSError as error:
            refused = isinstance(error, HostRefusedError)
            raise NoConnectionError(str(error) if refused else "ClientConnectorDNSError") from None
        # The next connection begins with another one.
        found.append(found.pop(0))
        return found

    def _forget_failed(self, origin: Origin, lookup: asyncio.Task[list[Address]]) -> None:
        """The next request looks up again, whoever still waited for this."""
        if lookup.cancelled() or lookup.exception() is not None:
            _, latest = self._lookups.get(origin, (0.0, None))
            if latest is lookup:
                del self._lookups[origin]

    async def _look_up(self, origin: Origin) -> list[Address]:
        found = await self._resolver.resolve(origin.host, origin.port, socket.AF_UNSPEC)
        if not found:
            raise OSError("no address")
        return [_address(each["family"], each["host"], origin) for each in found]

    def _clean(self) -> None:
        """Closes what was idle for too long; one timer does for all."""
        self._cleaning = None
        oldest = self._loop.time() - IDLE_SECONDS
        for origin, connections in list(self._idle.items()):
            kept = []
            for connection in connections:
                if connection.is_open and connection.idle_since > oldest:
                    kept.append(connection)
                else:
                    connection.abort()
            if kept:
                self._idle[origin] = kept
            else:
                del self._idle[origin]
        if self._idle:
            self._cleaning = self._loop.call_later(IDLE_SECONDS, self._clean)


def _address(family: int, host: str, origin: Origin) -> Address:
    where = (host, origin.port, 0, 0) if family == socket.AF_INET6 else (host, origin.port)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Certificates are checked against the system's authorities, and names against them."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context

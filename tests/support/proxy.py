"""One address in front of servers that come and go, as a virtual address or HAProxy gives it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

# SO_LINGER: close at once, with a reset (socket(7)).
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Leads whoever connects to ``port`` of loopback to another port, or, while it leads nowhere,
    resets the connection. Its methods are for any thread but its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.port = 0
        self._loop = loop
        self._to: int | None = None
        self._living: set[_End] = set()

    def leads_to(self, port: int) -> None:
        """New connections go to that ``port`` from now on; those that live stay where they are."""
        self._await(self._turn(port))

    def cut(self) -> None:
        """Resets all living connections, and every new one until it leads somewhere again."""
        self._await(self._turn(None))

    async def connect(self, client: _End) -> None:
        """Finds the other end for ``client``, which has nothing read until then."""
        self._living.add(client)
        to = self._to
        try:
            if to is None:
                raise ConnectionRefusedError
            _, server = await self._loop.create_connection(
                lambda: _End(self, client), "127.0.0.1", to
            )
        except OSError:
            client.reset()
            return
        if client.transport.is_closing() or to != self._to:
            client.reset()
            server.reset()
            return
        self._living.add(server)
        client.other = server
        client.transport.resume_reading()

    def forget(self, end: _End) -> None:
        self._living.discard(end)

    async def _turn(self, port: int | None) -> None:
        self._to = port
        if port is None:
            for end in list(self._living):
                end.reset()

    def _await(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


class _End(asyncio.Protocol):
    """One end of a connection; what it receives goes out at the ``other`` one."""

    def __init__(self, proxy: Proxy, other: _End | None = None) -> None:
        self.transport: Any = None
        self.other = other
        self._proxy = proxy
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        if self.other is None:
            self.transport.pause_reading()
            self._connecting = asyncio.ensure_future(self._proxy.connect(self))

    def data_received(self, data: bytes) -> None:
        assert self.other is not None
        self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy.forget(self)
        if self.other is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.transport.resume_reading()

    def reset(self) -> None:
        """Ends the connection as a machine does that knows nothing of it."""
        own = self.transport.get_extra_info("socket")
        if not self.transport.is_closing():
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()


@contextmanager
def proxying(port: int) -> Iterator[Proxy]:
    """A proxy that leads to ``port``, until the block ends."""
    loop = asyncio.new_event_loop()
    proxy = Proxy(loop)
    started, ended = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await loop.create_server(lambda: _End(proxy), "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        started.set()
        await ended.wait()
        server.close()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as own:
            own.run(serve())

    thread = threading.Thread(target=work, name="proxy")
    thread.start()
    assert started.wait(10)
    proxy.leads_to(port)
    try:
        yield proxy
    finally:
        proxy.cut()
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)

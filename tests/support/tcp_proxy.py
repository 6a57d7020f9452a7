"""A proxy between a client and a server of this machine that can be cut, as a network can."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Forwards what comes to ``port`` to ``target``, another port of loopback.

    While it is cut it loses what it gets in both directions and ends no connection, so that each
    side has to find out by itself. Connections that it was cut in end when it is mended.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._cut = False
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Nothing that arrives from now on is forwarded."""
        self._set(True)

    def mend(self) -> None:
        """New connections are as good as before."""
        self._set(False)

    def _set(self, cut: bool) -> None:
        """From any thread but the proxy's own."""

        async def turn() -> None:
            if self._cut and not cut:
                self._abort()
            self._cut = cut

        asyncio.run_coroutine_threadsafe(turn(), self._loop).result(10)

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, started: threading.Event, ended: threading.Event) -> None:
        """Forwards until ``ended`` is set."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await asyncio.to_thread(ended.wait)
        server.close()
        self._abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        upstream: asyncio.StreamWriter | None = None
        try:
            answers, upstream = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(upstream)
            await asyncio.gather(self._forward(reader, upstream), self._forward(answers, writer))
        except OSError:
            pass  # the other side sees its connection end
        finally:
            for own in (writer, upstream):
                if own is not None:
                    self._writers.discard(own)
                    own.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self._cut:
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    def run(self, started: threading.Event, ended: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as own:
            own.run(self.serve(started, ended))


@contextmanager
def forwarding(target: int) -> Iterator[Proxy]:
    """A proxy to that port of loopback until the block ends."""
    proxy = Proxy(target)
    started, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=proxy.run, args=(started, ended), name="tcp-proxy")
    thread.start()
    assert started.wait(10)
    try:
        yield proxy
    finally:
        ended.set()
        thread.join(10)

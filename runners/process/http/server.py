"""The server of one worker process: takes connections in, hands requests to threads, ends both."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import structlog

from runners.process.http import wsgi
from runners.process.http.admission import Admission, plain
from runners.process.http.connection import Connection, Phase
from runners.process.http.limits import Limits
from runners.process.http.parser import Request
from runners.process.http.wsgi import Answer, Peers, WsgiApplication

log = structlog.get_logger()

# What accept says when the process, or the machine, has no descriptor or no memory left.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# Seconds until the next look, when there is no room for a connection and none that could go.
PAUSE = 0.1
# Seconds in which a process that has a connection for each of its threads leaves new ones to the
# other processes. Whoever is awake would otherwise take all that come at once, and keep them.
TURN = 0.001


class Server:
    """Serves ``application`` on sockets that listen. To be made in the event loop's thread."""

    def __init__(self, application: WsgiApplication, limits: Limits, threads: int) -> None:
        self.limits = limits
        self.admission = Admission(limits.connections, limits.connections_per_address)
        self.connections: set[Connection] = set()
        self._application = application
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self._places = threads
        self._threads = ThreadPoolExecutor(threads, "request")
        self._stopping = False
        self._listening: list[socket.socket] = []
        self._opening: set[asyncio.Task[object]] = set()

    def listen(self, listener: socket.socket) -> None:
        """Takes the connections of a socket that listens already."""
        listener.setblocking(False)
        self._listening.append(listener)
        self._loop.add_reader(listener, self._accept, listener)

    def check(self) -> None:
        """Ends what is beyond its deadline. To be called often."""
        now = self.now()
        for connection in list(self.connections):
            if self._stopping:
                connection.stop()
            connection.check(now)

    def stop(self) -> None:
        """Takes no new connections, and has ``check`` end those that have no request."""
        self._stopping = True
        for listener in self._listening:
            self._loop.remove_reader(listener)
            listener.close()

    @property
    def idle(self) -> bool:
        """Whether every client has what it asked for."""
        return all(each.phase is Phase.LINGER for each in self.connections)

    def answer(self, connection: Connection, request: Request) -> None:
        """Has a thread answer the request; then ``connection.answered`` is called."""
        call = partial(wsgi.answer, self._application, request, connection.peers)
        self._submit(lambda: call(self._stopping), connection.answered)

    def ask(self, connection: Connection, request: Request) -> None:
        """Has a thread ask whether the body may come; then ``connection.asked`` is called."""
        call = partial(wsgi.ask, self._application, request, connection.peers)
        self._submit(call, partial(connection.asked, request))

    def close(self) -> None:
        """Ends the threads; waits for those that are at work."""
        self._threads.shutdown()

    def _submit(self, call: Callable[[], Answer], then: Callable[[Answer], None]) -> None:
        def run() -> None:
            given = call()
            with suppress(RuntimeError):  # the loop is closed: nobody waits for the answer
                self._loop.call_soon_threadsafe(then, given)

        self._threads.submit(run)

    def _accept(self, listener: socket.socket) -> None:
        """Takes one connection, so that the other processes get theirs."""
        if self.admission.full and not self.admission.make_room():
            self._pause(listener, PAUSE)
            return
        try:
            client, address = listener.accept()
            local = client.getsockname()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in EXHAUSTED:
                log.warning("connections.refused", error=type(error).__name__)
            if error.errno not in EXHAUSTED or not self.admission.make_room():
                self._pause(listener, PAUSE)
            return
        peers = Peers(plain(address[0]), address[1], local[0], local[1])
        connection = Connection(self, peers)
        self.connections.add(connection)
        self.admission.enter(connection)
        opening = self._loop.create_task(self._open(connection, client))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        if len(self.connections) >= self._places:
            self._pause(listener, TURN)

    async def _open(self, connection: Connection, client: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection, client)
        except OSError:
            client.close()
            connection.evict()

    def _pause(self, listener: socket.socket, seconds: float) -> None:
        self._loop.remove_reader(listener)

        def resume() -> None:
            if not self._stopping:
                self._loop.add_reader(listener, self._accept, listener)

        self._loop.call_later(seconds, resume)

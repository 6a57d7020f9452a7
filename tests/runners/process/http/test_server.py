"""What the server does when accept fails, and when it has its share of connections."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from runners.process.http import server as http_server
from runners.process.http.limits import Limits
from runners.process.http.server import Server

LIMITS = Limits(
    header_seconds=60,
    body_seconds=60,
    idle_seconds=60,
    connections=100,
    connections_per_address=100,
    exempt=lambda address: False,
    ask_above=1 << 20,
    largest=1 << 30,
)


class Listener(socket.socket):
    """A socket that listens, and has no descriptor for a connection while ``exhausted`` says so."""

    exhausted: Callable[[], bool]
    failures = 0

    def accept(self) -> tuple[socket.socket, object]:
        if self.exhausted():
            self.failures += 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def listener() -> Listener:
    made = Listener()
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def test_without_descriptors_the_one_that_has_waited_longest_goes() -> None:
    """And the newest gets in."""

    async def play(server: Server, clients: list[socket.socket]) -> bytes:
        loop = asyncio.get_running_loop()
        for client in clients:
            client.setblocking(False)
            await loop.sock_connect(client, listening.getsockname())
        closed = await loop.sock_recv(clients[0], 1)
        while len(server.connections) < 2:
            await asyncio.sleep(0)
        return closed

    async def main() -> tuple[bytes, int]:
        server = Server(lambda environ, start: [], LIMITS, 1)
        listening.exhausted = lambda: len(server.connections) >= 2
        server.listen(listening)
        with ExitStack() as stack:
            clients = [stack.enter_context(socket.socket()) for _ in range(3)]
            closed = await asyncio.wait_for(play(server, clients), 30)
            for connection in list(server.connections):
                connection.evict()
        server.stop()
        server.close()
        return closed, listening.failures

    with listener() as listening:
        assert asyncio.run(main()) == (b"", 1)


def test_while_nobody_can_go_it_does_not_try_in_vain() -> None:
    """It waits a moment before it accepts again."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = Server(lambda environ, start: [], LIMITS, 1)
        listening.exhausted = lambda: listening.failures < 1
        server.listen(listening)
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, listening.getsockname())
            while not listening.failures:
                await asyncio.sleep(0)
            assert not loop.remove_reader(listening)  # nobody looks at it
            while not server.connections:
                await asyncio.sleep(0)
            for connection in list(server.connections):
                connection.evict()
        server.stop()
        server.close()

    with listener() as listening:
        asyncio.run(asyncio.wait_for(main(), 30))
        assert listening.failures == 1


def test_who_has_a_connection_for_each_thread_leaves_the_next_to_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that those that come at once are not all one process's."""
    monkeypatch.setattr(http_server, "TURN", 3600)

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        first, other = (Server(lambda environ, start: [], LIMITS, threads) for threads in (2, 9))
        first.listen(listening)
        with ExitStack() as stack:
            for client in [stack.enter_context(socket.socket()) for _ in range(5)]:
                client.setblocking(False)
                await loop.sock_connect(client, listening.getsockname())
            while len(first.connections) < 2:
                await asyncio.sleep(0)
            other.listen(listening.dup())
            while len(first.connections) + len(other.connections) < 5:
                await asyncio.sleep(0)
            shares = [len(server.connections) for server in (first, other)]
            for server in (first, other):
                for connection in list(server.connections):
                    connection.evict()
                server.stop()
                server.close()
        return shares

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        assert asyncio.run(asyncio.wait_for(main(), 30)) == [2, 3]

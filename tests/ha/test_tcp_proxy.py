"""The proxy that stands for a network: what is cut is silent, and what is mended is new."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.tcp_proxy import forwarding


@contextmanager
def echo() -> Iterator[int]:
    """A server that says what it is told; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with connection:
                while data := connection.recv(100):
                    connection.sendall(data)

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def says(client: socket.socket, word: bytes) -> bytes:
    client.sendall(word)
    return client.recv(100)


def ended(client: socket.socket) -> bool:
    """Whether the other side has ended the connection."""
    try:
        return client.recv(100) == b""
    except ConnectionError:
        return True


def test_it_forwards_in_both_directions() -> None:
    with echo() as port, forwarding(port) as proxy, connect(proxy.port) as client:
        assert says(client, b"hello") == b"hello"


def test_while_it_is_cut_nothing_arrives_and_no_connection_ends() -> None:
    with echo() as port, forwarding(port) as proxy, connect(proxy.port) as old:
        assert says(old, b"before") == b"before"
        proxy.cut()
        with connect(proxy.port) as new:
            for client in (old, new):
                client.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    says(client, b"lost")


def test_when_it_is_mended_only_new_connections_live() -> None:
    with echo() as port, forwarding(port) as proxy, connect(proxy.port) as old:
        assert says(old, b"before") == b"before"
        proxy.cut()
        proxy.mend()
        with connect(proxy.port) as new:
            assert says(new, b"after") == b"after"
        assert ended(old)

"""Names and addresses for the HTTP client, without DNS and without a network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from aiohttp.abc import AbstractResolver, ResolveResult


class Names(AbstractResolver):
    """A resolver in whose DNS each name has these addresses. Of several lists each is the answer
    once, the last for ever. ``asked`` are the names that it was asked for."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("__", "."): list(each) for name, each in answers.items()}
        self.asked: list[str] = []
        self.is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answers = self.answers[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        self.is_closed = True


@contextmanager
def nobody_answers() -> Iterator[list[str]]:
    """No connection comes about until the block ends; gives the addresses that were tried."""
    tried: list[str] = []

    async def connect(addr_infos: Any, **_: Any) -> socket.socket:
        tried.extend(info[4][0] for info in addr_infos)
        raise OSError(111, "refused")

    with mock.patch("aiohttp.connector.aiohappyeyeballs.start_connection", connect):
        yield tried

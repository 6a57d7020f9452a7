"""What a command of the API costs in processor time, beside ``GET /healthz``.

Unit: requests for each second of processor time of a real ``sendtrail serve`` (two workers, as by
default) and of PostgreSQL together. The client's own time does not count. There is one, and so one
request at a time: what requests cost that wait for one another depends on how busy the machine is.
Both are asked in turn in every round, and the server stays for all rounds. Of a command
``POST /leads`` and ``PATCH /leads/{id}`` are one half each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from itertools import count

import aiohttp

from benchmarks.harness import api_server
from benchmarks.harness.measuring import Comparison, MeasurementBase
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.harness.processor_time import family_seconds, server_seconds
from benchmarks.measurements.api import request
from benchmarks.measurements.processor_costs import UNIT, server_of
from projections.container import Container
from projections.records import api_keys

# Makes so many requests, one after the other.
Client = Callable[[aiohttp.ClientSession, int], Awaitable[None]]


class CommandCost(MeasurementBase):
    """A round is so many ``commands``, and that many looks at ``/healthz``."""

    def __init__(self, commands: int, looks: int) -> None:
        self.commands = commands
        self.looks = looks
        label = "POST and PATCH /leads, of processor time"
        self.rows = [Comparison(label, "sendtrail", "GET /healthz", "healthz", unit=UNIT)]
        self._stack = ExitStack()
        self._phones = count(1)

    def prepare(self, postgres: PostgresFixture) -> None:
        """Start the server, and let every worker connect and plan what it plans once."""

        def fill(container: Container) -> None:
            with container.database.transaction() as connection:
                now = container.outreach.clock()
                self.key = api_keys.create(connection, "benchmark", "admin", now)

        url = postgres.create_copy_url(postgres.create_template(fill))
        self._server = self._stack.enter_context(api_server.started(url))
        self._postmaster = server_of(url)
        self.round(postgres, -1)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Give the commands, and look at ``/healthz``."""
        return {
            "sendtrail": self._rate(self._give_commands, self.commands),
            "healthz": self._rate(self._look, self.looks),
        }

    def close(self) -> None:
        """Stop the server."""
        self._stack.close()

    def _rate(self, client: Client, requests: int) -> float:
        before = self._spent()
        asyncio.run(self._run(client, requests))
        return requests / (self._spent() - before)

    def _spent(self) -> float:
        return family_seconds(self._server.pid) + server_seconds(self._postmaster)

    async def _run(self, client: Client, requests: int) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            await client(session, requests)

    async def _give_commands(self, session: aiohttp.ClientSession, commands: int) -> None:
        leads = f"{self._server.url}/leads"
        for _ in range(commands // 2):
            fields = {"phone": f"+4915{next(self._phones):09d}", "name": "Aisyah", "niche": ["B2"]}
            lead = await request(session, "POST", leads, fields, 201)
            await request(session, "PATCH", f"{leads}/{lead['id']}", {"name": "Nur Aisyah"})

    async def _look(self, session: aiohttp.ClientSession, looks: int) -> None:
        healthz = self._server.url.removesuffix("/api/v1") + "/healthz"
        for _ in range(looks):
            await request(session, "GET", healthz)

"""The HTTP API while other connections get nowhere, beside itself without them.

Three real servers, as ``sendtrail serve`` is by default, on one database: one with gunicorn's own
threaded workers, one of our own, and one of our own to which one more process holds slow and idle
connections (``harness.slow_connections``) from the clients' address. The clients are one process
for all, each with a connection of its own that it keeps. They ask the servers in turn, for a short
while each, so that what else the machine does hits all three. p50 and p99 are milliseconds from a
request's first byte until its response is read, over all turns of a round.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from statistics import quantiles
from time import perf_counter

import aiohttp

from benchmarks.harness import api_server
from benchmarks.harness.measuring import Comparison, MeasurementBase, Row, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from projections.container import Container
from projections.records import api_keys

CLIENTS = 20
SLOW = 200
IDLE = 500
REQUESTS = {"healthz": "GET /healthz", "leads": "POST /leads"}
THREADED = "benchmarks.contenders.threaded_server"


class SlowClientsMeasurement(MeasurementBase):
    """A round is so many ``turns`` of the servers, with ``seconds`` for each kind of request."""

    def __init__(self, turns: int, seconds: float) -> None:
        self.turns = turns
        self.seconds = seconds
        held = f"{SLOW} slow and {IDLE} idle connections"
        self.rows: list[Row] = []
        for kind, what in REQUESTS.items():
            label = f"{what}, {CLIENTS} clients"
            alone, slow, threads = f"{kind} alone", f"{kind} slow", f"{kind} threads"
            rate = Comparison(f"{label}, {held}", f"{slow} rate", "without", f"{alone} rate")
            p50 = rate._replace(label=f"{label}, {held}, p50", unit="ms")
            self.rows += [
                p50._replace(key=f"{slow} p50", contender_key=f"{alone} p50"),
                Comparison(
                    f"{label}, {held}, p99",
                    f"{slow} p99",
                    "without",
                    f"{alone} p99",
                    Target("≤", 1.5),
                    "ms",
                ),
                rate,
                Comparison(
                    label,
                    f"{alone} rate",
                    "gunicorn gthread",
                    f"{threads} rate",
                    Target("≥", 0.95),
                ),
            ]
        self._phones = count(1)

    def prepare(self, postgres: PostgresFixture) -> None:
        """Create a database with nothing but an API key."""

        def fill(container: Container) -> None:
            with container.database.transaction() as connection:
                now = container.outreach.clock()
                self.key = api_keys.create(connection, "benchmark", "admin", now)

        self.template = postgres.create_template(fill)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Measure the three servers in turn."""
        with ExitStack() as stack:
            url = stack.enter_context(postgres.temporary_copy(self.template))
            roots = {
                "threads": stack.enter_context(api_server.running(url, THREADED)),
                "alone": stack.enter_context(api_server.running(url)),
                "slow": stack.enter_context(api_server.running(url)),
            }
            stack.enter_context(_held(roots["slow"]))
            waits: dict[str, list[float]] = {
                f"{kind} {server}": [] for kind in REQUESTS for server in roots
            }
            for turn in range(-1, self.turns):
                for kind in REQUESTS:
                    for server in random.sample([*roots], len(roots)):
                        waited = asyncio.run(self._ask(roots[server], kind))
                        if turn >= 0:  # before, every worker plans what it plans once
                            waits[f"{kind} {server}"] += waited
        numbers: dict[str, float] = {}
        for what, each in waits.items():
            cuts = quantiles(each, n=100)
            numbers |= {f"{what} p50": cuts[49], f"{what} p99": cuts[98]}
            numbers[f"{what} rate"] = len(each) / self.turns / self.seconds
        return numbers

    async def _ask(self, root: str, kind: str) -> list[float]:
        """The milliseconds of each request of one turn."""
        headers = {"Authorization": f"Bearer {self.key}"}
        connector = aiohttp.TCPConnector(limit=CLIENTS)
        waits: list[float] = []

        async def client(until: float) -> None:
            while (began := perf_counter()) < until:
                if kind == "healthz":
                    request = session.get(root.removesuffix("/api/v1") + "/healthz")
                else:
                    lead = {"phone": f"+4915{next(self._phones):09d}", "name": "Aisyah"}
                    request = session.post(f"{root}/leads", json=lead)
                async with request as response:
                    await response.read()
                    assert response.status in (200, 201), f"{kind}: {response.status}"
                waits.append(1000 * (perf_counter() - began))

        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            until = perf_counter() + self.seconds
            await asyncio.gather(*(client(until) for _ in range(CLIENTS)))
        return waits


@contextmanager
def _held(root: str) -> Iterator[None]:
    """With slow and idle connections to the server."""
    port = root.removesuffix("/api/v1").rpartition(":")[2]
    command = [sys.executable, "-m", "benchmarks.harness.slow_connections"]
    with subprocess.Popen(
        [*command, port, str(SLOW), str(IDLE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n", "the connections could not be opened"
        yield
        process.stdin.close()

"""Commands of the API on a disk that takes longer to flush.

Fifty clients as in ``api``, and two workers of ``sendtrail serve``, with few messages. Every flush
of one of the two servers takes longer. Beside it: the same on this machine's disk; and on the slow
one a server that keeps the append lock until the disk has the events
(``contenders.under_lock_server``). Two cores give some five hundred commands a second, so what the
lock costs depends on how slow the disk is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

import aiohttp

from benchmarks.harness import api_server, slow_flush
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Comparison, MeasurementBase, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.measurements import template_databases
from benchmarks.measurements.api import CLIENTS, run_clients
from projections.container import Container
from projections.records import api_keys

LEADS = 1000
TARGET = Target("≥", 5)
OWN = "runners.cli.main"
UNDER_LOCK = "benchmarks.contenders.under_lock_server"


class ApiFlushingMeasurement(MeasurementBase):
    """``commands`` on each server in each round, with flushes that take ``delay`` milliseconds
    longer; no rows where there is no C compiler."""

    def __init__(self, commands: int, delay: float) -> None:
        self.commands = commands
        self.delay = delay
        self._stack = ExitStack()
        label = f"POST and PATCH /leads, {CLIENTS} clients, flush +{delay:g} ms"
        self.rows = []
        if slow_flush.is_possible():
            for contender, name, target in (
                ("the disk as it is", "plain", None),
                ("flush under the lock", "held", TARGET),
            ):
                keys = ("slow commands", contender, f"{name} commands")
                self.rows.append(Comparison(label, *keys, target))
                keys = ("slow p99", contender, f"{name} p99")
                self.rows.append(Comparison(f"{label}, p99", *keys, unit="ms"))

    @property
    def notes(self) -> Sequence[str]:
        """Why there are no rows."""
        return () if self.rows else [f"commands {slow_flush.LEFT_OUT}"]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Start the slow server, and register some leads on both."""
        self._slow_postgres = self._stack.enter_context(slow_flush.open_slow_postgres(self.delay))
        self._templates = {
            server: template_databases.with_few_devices(server, LEADS)
            for server in (postgres, self._slow_postgres)
        }

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Give the commands on this machine's disk, then on the slow one in both ways."""
        numbers: dict[str, float] = {}
        for name, server, module in (
            ("plain", postgres, OWN),
            ("slow", self._slow_postgres, OWN),
            ("held", self._slow_postgres, UNDER_LOCK),
        ):
            with server.temporary_copy(self._templates[server]) as url:
                with (
                    Container(settings(url)) as container,
                    container.database.transaction() as connection,
                ):
                    now = container.outreach.clock()
                    key = api_keys.create(connection, "benchmark", "admin", now)
                with api_server.running(url, module) as root:
                    found = asyncio.run(_measure(root, key, self.commands))
            numbers |= {f"{name} {what}": value for what, value in found.items()}
        return numbers

    def close(self) -> None:
        """Stop the slow server."""
        self._stack.close()


async def _measure(root: str, key: str, commands: int) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {key}"}
    connector = aiohttp.TCPConnector(limit=CLIENTS)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        # Both workers connect, and plan what they plan once.
        await run_clients(session, root, 0, 2 * CLIENTS)
        return await run_clients(session, root, 1, commands)

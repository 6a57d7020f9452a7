"""The HTTP API: how many commands per second, and how long queries take, with very many messages.

A real ``sendtrail serve`` (two workers, as by default) runs on a database with that many messages,
of which some thousands were really sent. The clients are one more process on the same machine, and
they share its processor.

- Commands per second: fifty clients, each of which registers a lead (``POST /leads``), then renames
  it (``PATCH /leads/{id}``), then the next. p99: of all their waits together, in milliseconds from
  the request's first byte until the response is read.
- Queries: one client that asks for the audit of one sent message after the other, and for the
  campaign's report again and again; milliseconds as above, p50 and p95.
- Lists: the same client asks for the first page of each list in ``api_lists``, p95.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from statistics import quantiles
from time import perf_counter
from typing import Any

import aiohttp

from benchmarks.contenders.sendtrail_workers import BroadcasterTask, broadcaster_settings
from benchmarks.harness import api_server, worker_pool
from benchmarks.harness.measuring import Figure, MeasurementBase, Row, Target
from benchmarks.harness.postgres_fixture import PostgresFixture, vacuum
from benchmarks.measurements import api_lists, template_databases
from projections.container import Container
from projections.records import api_keys

CLIENTS = 50
QUERY_TARGET = Target("≤", 50, "number")
LIST_TARGET = Target("≤", 100, "number")


class ApiMeasurement(MeasurementBase):
    """A database of ``messages``, of which at least ``sent`` are sent; each round makes that many
    ``commands``, that many ``queries`` of each kind, and asks for each list ``pages`` times."""

    def __init__(self, messages: int, sent: int, commands: int, queries: int, pages: int) -> None:
        self.messages = messages
        self.sent = sent
        self.commands = commands
        self.queries = queries
        self.pages = pages
        size = f"at {messages:,} messages"
        commands_label = f"POST and PATCH /leads, {CLIENTS} clients, {size}"
        self.rows: list[Row] = [
            Figure(commands_label, "commands", "/s", Target("≥", 450, "number")),
            Figure(f"{commands_label}, p99", "p99", "ms", Target("≤", 250, "number")),
            Figure(f"audit of one message, {size}, p50", "audit p50", "ms"),
            Figure(f"audit of one message, {size}, p95", "audit p95", "ms", QUERY_TARGET),
            Figure(f"report of a campaign, {size}, p50", "report p50", "ms"),
            Figure(f"report of a campaign, {size}, p95", "report p95", "ms", QUERY_TARGET),
        ]
        self.rows += [
            Figure(f"list {each.name}, {size}, p95", f"list {each.name}", "ms", LIST_TARGET)
            for each in api_lists.LISTS
        ]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Send some of the messages, create an API key, and choose the sent messages to query."""
        template = template_databases.with_pending_messages(postgres, self.messages)
        self.url = postgres.create_copy_url(template)
        worker_pool.run([BroadcasterTask(self.url)], self.sent, exact=False)
        vacuum(self.url)
        with (
            Container(broadcaster_settings(self.url)) as container,
            container.database.transaction() as connection,
        ):
            self.key = api_keys.create(connection, "benchmark", "admin", container.outreach.clock())
            rows = connection.exec_driver_sql(
                "SELECT message_id::text, campaign_id::text FROM broadcast_messages"
                " WHERE status = 'sent' ORDER BY md5(message_id::text) LIMIT %(n)s",
                {"n": self.queries},
            ).all()
            self.list_paths = api_lists.paths(connection)
        self.audit_paths = [f"/audit/messages/{row.message_id}" for row in rows]
        self.report_paths = [f"/reports/campaigns/{row.campaign_id}" for row in rows]

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Measure the queries, then the commands, on a server of this round."""
        with api_server.running(self.url) as root:
            return asyncio.run(self._measure(root, number))

    async def _measure(self, root: str, number: int) -> dict[str, float]:
        headers = {"Authorization": f"Bearer {self.key}"}
        connector = aiohttp.TCPConnector(limit=CLIENTS)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            # Both workers connect, and plan what they plan once.
            for audit_path, report_path in list(
                zip(self.audit_paths, self.report_paths, strict=True)
            )[:10]:
                await request(session, "GET", root + audit_path)
                await request(session, "GET", root + report_path)
            numbers: dict[str, float] = {}
            for kind, paths in (("audit", self.audit_paths), ("report", self.report_paths)):
                waits = [await _timed(request, session, "GET", root + path) for path in paths]
                cuts = quantiles(waits, n=20)
                numbers |= {f"{kind} p50": cuts[9], f"{kind} p95": cuts[18]}
            for name, path in self.list_paths.items():
                await request(session, "GET", root + path)
                waits = [
                    await _timed(request, session, "GET", root + path) for _ in range(self.pages)
                ]
                numbers[f"list {name}"] = quantiles(waits, n=20)[18]
            return numbers | await run_clients(session, root, number, self.commands)


async def run_clients(
    session: aiohttp.ClientSession, root: str, number: int, commands: int
) -> dict[str, float]:
    """Give that many commands by ``CLIENTS`` clients; returns how many they were per second, and
    the p99 of their waits in milliseconds. ``number`` keeps the phones of the rounds apart."""
    began = perf_counter()
    leads = commands // CLIENTS // 2
    clients = [_run_client(session, root, number, client, leads) for client in range(CLIENTS)]
    waits = [wait for each in await asyncio.gather(*clients) for wait in each]
    return {
        "commands": len(waits) / (perf_counter() - began),
        "p99": quantiles(waits, n=100)[98],
    }


async def _run_client(
    session: aiohttp.ClientSession, root: str, number: int, client: int, leads: int
) -> list[float]:
    """Register so many leads and rename each; returns the milliseconds of each wait."""
    waits = []
    lead: dict[str, Any] = {}

    async def register(phone: str) -> None:
        fields = {"phone": phone, "name": "Aisyah", "niche": ["B2"], "attributes": {"city": "Ipoh"}}
        lead.update(await request(session, "POST", f"{root}/leads", fields, 201))

    async def rename() -> None:
        await request(session, "PATCH", f"{root}/leads/{lead['id']}", {"name": "Nur Aisyah"})

    for lead_number in range(leads):
        phone = f"+4915{number:02d}{client:02d}{lead_number:05d}"
        waits.append(await _timed(register, phone))
        waits.append(await _timed(rename))
    return waits


async def _timed(call: Callable[..., Awaitable[object]], *arguments: Any) -> float:
    """Milliseconds until the call returns."""
    began = perf_counter()
    await call(*arguments)
    return 1000 * (perf_counter() - began)


async def request(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    body: dict[str, Any] | None = None,
    status: int = 200,
) -> Any:
    """The response's JSON; AssertionError if the response has another ``status``."""
    async with session.request(method, url, json=body) as response:
        document = await response.json()
        assert response.status == status, f"{method} {url}: {response.status} {document}"
        return document

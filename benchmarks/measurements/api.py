"""The HTTP API: how many commands it takes, and how long questions wait, with very many messages.

A real ``sendtrail serve`` (two workers, as by default) on a database with that many messages, of
which some thousands were really sent; the clients are one more process on the same machine, and
they share its processor.

- Commands per second: fifty clients, each of which registers a lead (``POST /leads``), then renames
  it (``PATCH /leads/{id}``), then the next. p99: of all their waits together, in milliseconds from
  the request's first byte until the answer is read.
- Questions: one client that asks for the audit of one sent message after the other, and for the
  campaign's report again and again; milliseconds as above, p50 and p95.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from statistics import quantiles
from time import perf_counter
from typing import Any

import aiohttp

from benchmarks.contenders.sendtrail_workers import Broadcasting, settings
from benchmarks.harness import api_server, worker_pool
from benchmarks.harness.measuring import Figure, Row, Simple, Target
from benchmarks.harness.postgres_fixture import Stage, vacuum
from benchmarks.measurements import template_databases
from projections.container import Container
from projections.records import api_keys

CLIENTS = 50
LIMIT = Target("≤", 50, "number")


class Answering(Simple):
    """``messages`` in all, of which at least ``sent`` are sent; ``commands`` and ``questions`` (of
    each kind) in each round."""

    def __init__(self, messages: int, sent: int, commands: int, questions: int) -> None:
        self.messages = messages
        self.sent = sent
        self.commands = commands
        self.questions = questions
        at = f"at {messages:,} messages"
        self.rows: list[Row] = [
            Figure(f"POST and PATCH /leads, {CLIENTS} clients, {at}", "commands", "/s"),
            Figure(f"POST and PATCH /leads, {CLIENTS} clients, {at}, p99", "p99", "ms"),
            Figure(f"audit of one message, {at}, p50", "audit p50", "ms"),
            Figure(f"audit of one message, {at}, p95", "audit p95", "ms", LIMIT),
            Figure(f"report of a campaign, {at}, p50", "report p50", "ms"),
            Figure(f"report of a campaign, {at}, p95", "report p95", "ms", LIMIT),
        ]

    def prepare(self, stage: Stage) -> None:
        self.url = stage.copied(template_databases.pending(stage, self.messages))
        worker_pool.run([Broadcasting(self.url)], self.sent, exact=False)
        vacuum(self.url)
        with (
            Container(settings(self.url)) as container,
            container.database.transaction() as connection,
        ):
            self.key = api_keys.create(connection, "benchmark", "admin", container.outreach.clock())
            self.ids = connection.exec_driver_sql(
                "SELECT message_id::text, campaign_id::text FROM broadcast_messages"
                " WHERE status = 'sent' ORDER BY md5(message_id::text) LIMIT %(n)s",
                {"n": self.questions},
            ).all()

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        with api_server.running(self.url) as root:
            return asyncio.run(self._ask(root, number))

    async def _ask(self, root: str, number: int) -> dict[str, float]:
        headers = {"Authorization": f"Bearer {self.key}"}
        connector = aiohttp.TCPConnector(limit=CLIENTS)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            for path in self._paths()[:20]:  # both workers connect, and plan what they plan once
                await _answer(session, "GET", root + path)
            numbers: dict[str, float] = {}
            for kind, paths in (
                ("audit", [f"/audit/messages/{row[0]}" for row in self.ids]),
                ("report", [f"/reports/campaigns/{row[1]}" for row in self.ids]),
            ):
                waits = [await _timed(_answer, session, "GET", root + path) for path in paths]
                cuts = quantiles(waits, n=20)
                numbers |= {f"{kind} p50": cuts[9], f"{kind} p95": cuts[18]}
            began = perf_counter()
            each = self.commands // CLIENTS // 2
            clients = [_command(session, root, number, client, each) for client in range(CLIENTS)]
            waits = [wait for found in await asyncio.gather(*clients) for wait in found]
            numbers["commands"] = len(waits) / (perf_counter() - began)
            numbers["p99"] = quantiles(waits, n=100)[98]
        return numbers

    def _paths(self) -> list[str]:
        return [
            f"/{kind}/{id_}"
            for message_id, campaign_id in self.ids
            for kind, id_ in (("audit/messages", message_id), ("reports/campaigns", campaign_id))
        ]


async def _command(
    session: aiohttp.ClientSession, root: str, number: int, client: int, times: int
) -> list[float]:
    """One client: registers leads and renames them; milliseconds of each wait."""
    waits = []
    made: dict[str, Any] = {}

    async def register(phone: str) -> None:
        fields = {"phone": phone, "name": "Aisyah", "niche": ["B2"], "attributes": {"city": "Ipoh"}}
        made.update(await _answer(session, "POST", f"{root}/leads", fields, 201))

    async def rename() -> None:
        await _answer(session, "PATCH", f"{root}/leads/{made['id']}", {"name": "Nur Aisyah"})

    for time in range(times):
        waits.append(await _timed(register, f"+4915{number:02d}{client:02d}{time:05d}"))
        waits.append(await _timed(rename))
    return waits


async def _timed(ask: Callable[..., Awaitable[object]], *arguments: Any) -> float:
    """Milliseconds until the answer is there."""
    began = perf_counter()
    await ask(*arguments)
    return 1000 * (perf_counter() - began)


async def _answer(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    body: dict[str, Any] | None = None,
    status: int = 200,
) -> Any:
    async with session.request(method, url, json=body) as response:
        answer = await response.json()
        assert response.status == status, f"{method} {url}: {response.status} {answer}"
        return answer

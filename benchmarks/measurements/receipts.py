"""What providers report of sent messages: taking it in, and recording it.

- A webhook request beside ``GET /healthz``: milliseconds of processor time that a real ``sendtrail
  serve`` (two workers, as by default) needs for each, without PostgreSQL's, which ``notes`` have.
  The devices are numbers of one app of Meta, so all have one secret and one URL. Two servers, one
  with one device and one with very many, are asked in turn for both; nothing records meanwhile.
- The receiver: receipts recorded per second of wall-clock time, from an inbox that three webhooks
  for each sent message have filled (sent, delivered, read).
- The same receiver while webhooks come at half of that rate, as they come from a server: how old
  the oldest of those that wait is, p99 of looks at it every 20 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median, quantiles
from threading import Event
from time import perf_counter
from typing import Any
from uuid import uuid4

import aiohttp

from benchmarks.harness import api_server, receipt_data
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Comparison, Figure, MeasurementBase, Row, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.harness.processor_time import family_seconds, postmaster, server_seconds
from benchmarks.measurements import template_databases
from projections.container import Container
from projections.records import inbox
from runners.jobs.receiver import Receiver

CLIENTS = 10
LOOK_EVERY, FEED_EVERY, RECEIVE_EVERY = 0.02, 0.05, 1.0
MOST_WAIT = 2.0


class WebhookMeasurement(MeasurementBase):
    """A round is ``turns`` of so many ``requests`` of each kind; ``few`` and ``many`` devices."""

    def __init__(self, requests: int, turns: int, few: int, many: int) -> None:
        self.requests = requests
        self.turns = turns
        self.sizes = {f"{count:,} device{'s' * (count > 1)}": count for count in (few, many)}
        self.rows: list[Row] = [
            Comparison(
                f"webhook request, {size}: processor time of serve",
                f"webhook {size}",
                "GET /healthz",
                f"healthz {size}",
                Target("≤", 2),
                "ms",
            )
            for size in self.sizes
        ]
        first, last = self.sizes
        self.rows.append(
            Comparison(
                f"webhook request, {last}: processor time of serve",
                f"webhook {last}",
                first,
                f"webhook {first}",
                Target("≤", 1.2),
                "ms",
            )
        )
        self._postgres: dict[str, list[float]] = {}
        self._rates: dict[str, list[float]] = {}

    @property
    def notes(self) -> list[str]:
        """What PostgreSQL needs, and how many requests there are in a second."""
        parts = [
            f"{key} {median(rates):,.0f}/s, PostgreSQL {median(self._postgres[key]):.3f} ms each"
            for key, rates in self._rates.items()
        ]
        return [f"webhook requests, {CLIENTS} clients: {'; '.join(parts)}"]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Register the devices."""
        self.databases: dict[str, tuple[str, str]] = {}
        for size, count in self.sizes.items():
            found: list[Any] = []

            def fill(container: Container, count: int = count, found: list[Any] = found) -> None:
                found.append(receipt_data.register_devices(container, count))

            url = postgres.create_copy_url(postgres.create_template(fill))
            self.databases[size] = url, str(found[0])

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Ask both servers in turn."""
        spent: dict[str, list[float]] = {}
        with ExitStack() as stack:
            asked = {
                size: _Asked(stack.enter_context(api_server.started(url)), url, device_id)
                for size, (url, device_id) in self.databases.items()
            }
            for each in asked.values():
                each.both(CLIENTS * 20)  # every worker connects, and plans what it plans once
            for _ in range(self.turns):
                for size, each in asked.items():
                    for kind, measured in each.both(self.requests).items():
                        key = f"{kind} {size}"
                        spent.setdefault(key, []).append(measured[0])
                        self._postgres.setdefault(key, []).append(measured[1])
                        self._rates.setdefault(key, []).append(measured[2])
        return {key: median(values) for key, values in spent.items()}


class _Asked:
    """A server, and what it is asked."""

    def __init__(self, server: api_server.Server, database_url: str, device_id: str) -> None:
        self.pid = server.pid
        self.postmaster = postmaster(database_url)
        self.healthz = server.url.removesuffix("/api/v1") + "/healthz"
        self.webhooks = f"{server.url}/webhooks/cloud/{device_id}"
        self.body = receipt_data.webhook("read", str(uuid4()), "+60120000001", device_id)
        self.headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": receipt_data.signature(self.body),
        }

    def both(self, requests: int) -> dict[str, tuple[float, float, float]]:
        """Milliseconds of processor time for each request, of the server and of PostgreSQL, and
        requests per second."""
        return {
            "healthz": self._measure(requests, "GET", self.healthz),
            "webhook": self._measure(
                requests, "POST", self.webhooks, data=self.body, headers=self.headers
            ),
        }

    def _measure(self, requests: int, *request: Any, **more: Any) -> tuple[float, float, float]:
        before = family_seconds(self.pid), server_seconds(self.postmaster), perf_counter()
        asyncio.run(_ask(requests, *request, **more))
        after = family_seconds(self.pid), server_seconds(self.postmaster), perf_counter()
        serve, postgres, seconds = (b - a for a, b in zip(before, after, strict=True))
        return 1000 * serve / requests, 1000 * postgres / requests, requests / seconds


async def _ask(requests: int, method: str, url: str, **more: Any) -> None:
    """Make so many requests, by ``CLIENTS`` clients."""

    async def client() -> None:
        for _ in range(requests // CLIENTS):
            async with session.request(method, url, **more) as response:
                await response.read()
                assert response.status == 200, f"{url}: {response.status}"

    connector = aiohttp.TCPConnector(limit=CLIENTS)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(client() for _ in range(CLIENTS)))


class ReceiverMeasurement(MeasurementBase):
    """``messages`` of so many ``devices`` were sent; three receipts come of each."""

    def __init__(self, messages: int, devices: int) -> None:
        self.messages = messages
        self.devices = devices
        label = f"{3 * messages:,} receipts, {devices:,} devices"
        self.rows: list[Row] = [
            Figure(f"record {label}, one receiver", "rate", "/s", Target("≥", 10_000, "number")),
            Figure(
                f"record {label} as they come, at half of that rate: waits, p99",
                "waits",
                "ms",
                Target("≤", 1000 * MOST_WAIT, "number"),
            ),
        ]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Send the messages."""
        self.template = template_databases.with_receipts_due(postgres, self.devices, self.messages)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Record all from a full inbox, then from one that fills."""
        with postgres.temporary_copy(self.template) as url, Container(settings(url)) as container:
            webhooks = receipt_data.of_messages(container)
            receipt_data.put(container, webhooks)
            receiver = Receiver(container)
            began = perf_counter()
            assert receiver.run_once() == len(webhooks), "some were not recorded"
            rate = len(webhooks) / (perf_counter() - began)
        with postgres.temporary_copy(self.template) as url, Container(settings(url)) as container:
            waits = _record_as_they_come(container, webhooks, rate / 2)
        return {"rate": rate, "waits": 1000 * waits}


def _record_as_they_come(container: Container, webhooks: Sequence[bytes], rate: float) -> float:
    """Put so many ``webhooks`` per second into the inbox while a receiver records; the p99 of the
    seconds that the oldest waits."""
    ages: list[float] = []
    fed, never = Event(), Event()

    def feed() -> None:
        began, put = perf_counter(), 0
        try:
            while put < len(webhooks):
                due = min(len(webhooks), int((perf_counter() - began) * rate))
                receipt_data.put(container, webhooks[put:due])
                put = due
                never.wait(FEED_EVERY)
        finally:
            fed.set()

    def look() -> None:
        while not fed.wait(LOOK_EVERY):
            with container.database.transaction() as connection:
                ages.append(inbox.waiting(connection).seconds(container.outreach.clock()))

    with ThreadPoolExecutor() as threads:
        helpers = [threads.submit(feed), threads.submit(look)]
        receiver, recorded = Receiver(container), 0
        while not fed.is_set():
            recorded += receiver.run_once()
            fed.wait(RECEIVE_EVERY)
        recorded += receiver.run_once()
        for helper in helpers:
            helper.result()
    assert recorded == len(webhooks), "some were not recorded"
    return quantiles(ages, n=100)[98]

"""The pages: how long each takes with very many messages, and how large the first one is.

A real ``sendtrail serve`` (two workers, as by default) on the database of ``page_data``.
One client signs in with a key, as a browser does, and asks for each page of ``page_list`` again and
again. Milliseconds are from the request's first byte until the whole answer is read, so what the
client itself needs is part of it. Before a page is measured it is asked for some times, so that
both workers have compiled its template.

The first load is what a browser gets for the overview and all files that it names, compressed as it
asks for it. Kilobytes are of 1000 bytes.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from statistics import quantiles
from time import perf_counter

import aiohttp

from benchmarks.harness import api_server
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Figure, MeasurementBase, Row, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.measurements import page_data, template_databases
from benchmarks.measurements.page_list import PAGES
from projections.container import Container
from projections.records import api_keys

TARGET = Target("≤", 100, "number")
MOST_KILOBYTES = Target("≤", 150, "number")
FIRST_LOAD = "first load of the overview, compressed"
# How often a page is asked for before it is measured, and one that computes all in all.
BEFORE, SELDOM = 4, 3
_FILE = re.compile(r'(?:href|src)="(/static/[^"]+)"')


class PagesMeasurement(MeasurementBase):
    """Ten messages for each of so many ``leads``. Each page is asked for so many ``times`` in each
    of at most so many ``rounds``."""

    def __init__(self, leads: int, times: int, rounds: int) -> None:
        self.leads = leads
        self.times = times
        self.rounds = rounds
        size = f"at {leads * page_data.EACH:,} messages"
        self.rows: list[Row] = [
            Figure(FIRST_LOAD, FIRST_LOAD, "KB", MOST_KILOBYTES),
        ]
        for page in PAGES:
            label = f"page {page.name}, {size}"
            if page.computes:
                self.rows.append(Figure(f"{label}, median", f"{page.name} p50", "ms"))
                continue
            self.rows.append(Figure(f"{label}, p50", f"{page.name} p50", "ms"))
            self.rows.append(Figure(f"{label}, p95", f"{page.name} p95", "ms", TARGET))

    def prepare(self, postgres: PostgresFixture) -> None:
        """Let everything happen that the pages show, and create an API key."""
        template = template_databases.with_pages(postgres, self.leads)
        self.url = postgres.create_copy_url(template)
        with (
            Container(settings(self.url)) as container,
            container.database.transaction() as connection,
        ):
            self.key = api_keys.create(connection, "benchmark", "admin", container.outreach.clock())
            self.ids = page_data.ids(connection)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Ask for all pages, on a server of this round."""
        with api_server.running(self.url) as api:
            return asyncio.run(self._measure(api.removesuffix("/api/v1")))

    async def _measure(self, root: str) -> dict[str, float]:
        # The address is a number, of which cookies are not taken otherwise.
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, auto_decompress=False) as session:
            async with session.post(
                f"{root}/sign-in", data={"key": self.key}, allow_redirects=False
            ) as response:
                assert response.status == 303, f"signing in: {response.status}"
            numbers = {FIRST_LOAD: await _first_load(session, root) / 1000}
            for page in PAGES:
                address = root + page.address.format(**self.ids)
                times = SELDOM if page.computes else BEFORE + self.times
                waits = [await _wait(session, address) for _ in range(times)]
                cuts = quantiles(waits[1 if page.computes else BEFORE :], n=20)
                numbers |= {f"{page.name} p50": cuts[9], f"{page.name} p95": cuts[18]}
            return numbers


async def _wait(session: aiohttp.ClientSession, address: str) -> float:
    """Milliseconds until the page is there; AssertionError if it is none."""
    began = perf_counter()
    await _read(session, address)
    return 1000 * (perf_counter() - began)


async def _read(session: aiohttp.ClientSession, address: str) -> tuple[bytes, bool]:
    """What is answered, as it came, and whether it is compressed."""
    headers = {"Accept-Encoding": "gzip"}
    async with session.get(address, headers=headers, allow_redirects=False) as response:
        body = await response.read()
        assert response.status == 200, f"{address}: {response.status}"
        return body, response.headers.get("Content-Encoding") == "gzip"


async def _first_load(session: aiohttp.ClientSession, root: str) -> int:
    """The bytes of the overview and of its files."""
    page, is_compressed = await _read(session, f"{root}/")
    text = gzip.decompress(page) if is_compressed else page
    files = [(await _read(session, root + name))[0] for name in set(_FILE.findall(text.decode()))]
    assert files, "the overview names no files"
    return len(page) + sum(map(len, files))

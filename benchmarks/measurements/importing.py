"""Importing people from a file: by ``import_leads`` in a process of its own, as ``sendtrail
import`` calls it, and by ``POST /leads/import`` of a real ``sendtrail serve``.

Unit: rows per second of wall-clock time, of a CSV file with a phone, a name, a niche, a trigger and
two attributes. Three files one after the other, of the same people: all of them new; the same file
again, with ``update``, which changes nothing; and with ``update`` and another name and city for
each. Connecting and starting are not part of the time; reading the file twice is. By HTTP the time
is that of the request, its body included.
"""

from __future__ import annotations

import asyncio
import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp

from benchmarks.harness import api_server, seed_data, worker_pool
from benchmarks.harness.installation import settings
from benchmarks.harness.measuring import Figure, MeasurementBase, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.harness.worker_pool import PoolWorker
from projections.container import Container
from projections.intake.lead_import import Options, import_leads
from projections.records import api_keys

TARGET = Target("≥", 10_000, "number")
DOORS = {"cli": "sendtrail import", "http": "POST /leads/import"}


@dataclass(frozen=True)
class Kind:
    """A file of the people: its name for people, whether it is imported with ``update``, which of
    two names and cities each person has, and the count of the summary that all rows are in."""

    name: str
    update: bool
    spelling: int
    counted: str


KINDS = (
    Kind("new", False, 0, "registered"),
    Kind("unchanged", True, 0, "unchanged"),
    Kind("changed", True, 1, "updated"),
)


class ImportMeasurement(MeasurementBase):
    """Files of so many ``leads``."""

    def __init__(self, leads: int) -> None:
        self.leads = leads
        self.rows = [
            Figure(f"{label}, {leads:,} {kind.name}", f"{door} {kind.name}", "/s", TARGET)
            for door, label in DOORS.items()
            for kind in KINDS
        ]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Create a database with devices and an API key."""

        def fill(container: Container) -> None:
            seed_data.register_devices(container, seed_data.DEVICES)
            with container.database.transaction() as connection:
                now = container.outreach.clock()
                self.key = api_keys.create(connection, "benchmark", "admin", now)

        self.template = postgres.create_template(fill)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Import the three files by each door, into a database of its own."""
        rates: dict[str, float] = {}
        with _files(self.leads) as files:
            with postgres.temporary_copy(self.template) as url:
                for kind in KINDS:
                    task = ImportTask(url, str(files[kind.name]), kind, self.leads)
                    rates[f"cli {kind.name}"] = worker_pool.rate([task], self.leads)
            with (
                postgres.temporary_copy(self.template) as url,
                api_server.running(url) as root,
            ):
                for kind in KINDS:
                    seconds = asyncio.run(self._post(root, files[kind.name], kind))
                    rates[f"http {kind.name}"] = self.leads / seconds
        return rates

    async def _post(self, root: str, file: Path, kind: Kind) -> float:
        """Seconds of the request."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "text/csv"}
        update = str(kind.update).lower()
        url = f"{root}/leads/import?update={update}"
        # aiohttp waits for five minutes by itself, which a file of a slow day may take.
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            body = file.read_bytes()
            began = perf_counter()
            async with session.post(url, data=body) as response:
                summary = await response.json()
                seconds = perf_counter() - began
                assert response.status == 200, f"{url}: {response.status} {summary}"
        _check(summary, kind, self.leads)
        return seconds


@dataclass(frozen=True)
class ImportTask:
    """One import of ``file``, which has so many ``leads``."""

    url: str
    file: str
    kind: Kind
    leads: int

    def __call__(self, worker: PoolWorker) -> None:
        """Connect, wait for the others, import."""
        with Container(settings(self.url)) as container:
            with container.database.transaction() as connection:
                connection.exec_driver_sql("SELECT 1")
            options = Options(region=None, update=self.kind.update)
            worker.begin()
            imported = import_leads(
                container.database,
                container.outreach,
                Path(self.file),
                options,
                actor=seed_data.ACTOR,
            )
            worker.add_committed(self.leads)
        _check({self.kind.counted: getattr(imported, self.kind.counted)}, self.kind, self.leads)


@contextmanager
def _files(leads: int) -> Iterator[dict[str, Path]]:
    """A file for each kind, by the kind's name; deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        files = {kind.name: Path(folder) / f"{kind.name}.csv" for kind in KINDS}
        for kind in KINDS:
            with files[kind.name].open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(["phone", "name", "niche", "triggers", "city", "order_number"])
                name, city = (("Lead", "Ipoh"), ("Person", "Melaka"))[kind.spelling]
                writer.writerows(
                    [f"+6012{n:07d}", f"{name} {n}", "B1", "COLD", city, n] for n in range(leads)
                )
        yield files


def _check(summary: dict[str, Any], kind: Kind, leads: int) -> None:
    """AssertionError unless all rows became what they had to."""
    assert summary[kind.counted] == leads, f"{kind.name}: {summary[kind.counted]} of {leads}"

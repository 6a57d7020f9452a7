"""Messages over HTTP: the whole life of each, through one broadcaster, to a WhatsApp Cloud API on
this machine.

Unit: messages per second, as in ``lifecycle``; beside it the same with the gateway that accepts at
once, so that the ratio is what HTTP takes. The server is a process of its own. ``notes`` say where
the processor's time goes: broadcaster, PostgreSQL and the server apart, in milliseconds a message.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import psutil

from benchmarks import crew, filling
from benchmarks.cloud_server import TOKEN
from benchmarks.measuring import Comparison
from benchmarks.stage import Stage
from benchmarks.workers import Broadcasting, settings
from projections import device_secrets
from projections.composition import House

# Of no worth anywhere: 32 zero bytes, as Fernet wants them.
SECRET_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="  # noqa: S105


class Sending:
    """``messages`` of one campaign over fifty devices of the Cloud API."""

    unit = "messages"

    def __init__(self, messages: int) -> None:
        self.messages = messages
        what = f"the same over HTTP to a Cloud API {messages:,}"
        self.comparisons = [Comparison(what, "http", "accepted at once", "at once")]
        self._shares: list[dict[str, float]] = []

    @property
    def notes(self) -> list[str]:
        """Where the processor's time went, the median of all rounds."""
        parts = {name: median(s[name] for s in self._shares) for name in self._shares[0]}
        told = ", ".join(f"{name} {ms:.2f}" for name, ms in parts.items())
        return [f"processor time of a message over HTTP, ms: {told}"]

    def prepare(self, stage: Stage) -> None:
        self.template = stage.template(self._fill)

    def _fill(self, house: House) -> None:
        filling.devices(house, filling.DEVICES, gateway="cloud")
        filling.leads(house, self.messages)
        filling.due_campaign(house)
        filling.triggered(house, self.messages)

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        rates = {}
        with stage.copy(self.template) as url:
            rates["at once"] = crew.rate([Broadcasting(url)], self.messages)
        with stage.copy(self.template) as url, _server() as (port, server):
            with House(settings(url, SECRET_KEY)) as house:
                _point(house, port)
            before = _spent(server)
            taken = crew.run([Broadcasting(url, secret_key=SECRET_KEY)], self.messages)
            after = _spent(server)
            rates["http"] = self.messages / taken.seconds
            each = 1000 / self.messages
            self._shares.append(
                {"broadcaster": taken.processor * each}
                | {name: (after[name] - before[name]) * each for name in after}
            )
            with House(settings(url)) as house:
                assert filling.sent(house) == self.messages, "some were not sent"
        return rates


@contextmanager
def _server() -> Iterator[tuple[int, psutil.Process]]:
    """The port of a Cloud API on this machine, and its process."""
    command = [sys.executable, "-m", "benchmarks.cloud_server"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        yield int(process.stdout.readline()), psutil.Process(process.pid)
        process.stdin.close()


def _point(house: House, port: int) -> None:
    """Every device sends there."""
    with house.database.transaction() as connection:
        for row in connection.exec_driver_sql(
            "UPDATE devices SET settings = jsonb_build_object('base_url', %(url)s::text,"
            " 'phone_number_id', device_id::text) RETURNING device_id",
            {"url": f"http://127.0.0.1:{port}"},
        ).all():
            credentials = {"access_token": TOKEN}
            device_secrets.put(connection, row.device_id, credentials, SECRET_KEY)


def _spent(server: psutil.Process) -> dict[str, float]:
    """Seconds of processor time so far, of PostgreSQL by all its processes that are there."""
    postgres = 0.0
    for process in psutil.process_iter(["name", "cpu_times"]):
        if process.info["name"] == "postgres" and process.info["cpu_times"]:
            postgres += sum(process.info["cpu_times"][:2])
    return {
        "PostgreSQL": postgres,
        "the server": sum(server.cpu_times()[:2]),
    }

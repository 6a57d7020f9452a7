"""Messages over HTTP: the whole life of each, through one broadcaster, to a WhatsApp Cloud API on
this machine.

Unit: messages per second, as in ``lifecycle``. Beside it is the same with the gateway that accepts
at once, so that the ratio is what HTTP costs. The server is a process of its own. ``notes`` say
where the processor's time goes: broadcaster, PostgreSQL and the server apart, in milliseconds a
message.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from benchmarks.contenders.sendtrail_workers import BroadcasterTask, broadcaster_settings
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.fake_cloud_api import TOKEN
from benchmarks.harness.measuring import Comparison, MeasurementBase, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.harness.processor_time import ProcessorTime
from projections.container import Container
from projections.records import credentials


class HttpSendingMeasurement(MeasurementBase):
    """``messages`` of one campaign over fifty devices of the Cloud API."""

    def __init__(self, messages: int) -> None:
        self.messages = messages
        label = f"the same over HTTP to a Cloud API {messages:,}"
        self.rows = [
            Comparison(label, "http", "accepted at once", "at once", Target("≥", 2500, "number"))
        ]
        self._processor_time = ProcessorTime("messages over HTTP", "broadcaster")

    @property
    def notes(self) -> list[str]:
        """Where the processor's time went."""
        return [self._processor_time.summary()]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Schedule the campaign's messages."""
        self.template = postgres.create_template(self._fill)

    def _fill(self, container: Container) -> None:
        seed_data.register_devices(container, seed_data.DEVICES, gateway="cloud")
        seed_data.register_leads(container, self.messages)
        seed_data.schedule_due_campaign(container)
        seed_data.schedule_messages(container, self.messages)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Send through the gateway that accepts at once, then over HTTP."""
        rates = {}
        with postgres.temporary_copy(self.template) as url:
            rates["at once"] = worker_pool.rate([BroadcasterTask(url)], self.messages)
        with postgres.temporary_copy(self.template) as url, _running_cloud_api() as (port, server):
            with Container(broadcaster_settings(url)) as container:
                _configure_devices(container, port)
            tasks = [BroadcasterTask(url, over_http=True)]
            rates["http"] = self._processor_time.rate(url, tasks, self.messages, server)
            with Container(broadcaster_settings(url)) as container:
                assert seed_data.count_sent(container) == self.messages, "some were not sent"
        return rates


@contextmanager
def _running_cloud_api() -> Iterator[tuple[int, psutil.Process]]:
    """The port of a Cloud API on this machine, and its process."""
    command = [sys.executable, "-m", "benchmarks.harness.fake_cloud_api"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        yield int(process.stdout.readline()), psutil.Process(process.pid)
        process.stdin.close()


def _configure_devices(container: Container, port: int) -> None:
    """Let every device send to the server at ``port``."""
    with container.database.transaction() as connection:
        for row in connection.exec_driver_sql(
            "UPDATE devices SET settings = jsonb_build_object('base_url', %(url)s::text,"
            " 'phone_number_id', device_id::text) RETURNING device_id",
            {"url": f"http://127.0.0.1:{port}"},
        ).all():
            token = {"access_token": TOKEN}
            credentials.put(
                connection, row.device_id, token, container.secret_key, seed_data.DUE_AT
            )

"""Sendtrail's runners as the works of a crew: the real broadcaster, with a gateway that accepts
everything at once or with the Cloud API's; the real campaigner and the real enroller."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from benchmarks.harness import seed_data
from benchmarks.harness.worker_pool import Member
from domain.receipts import Receipt, Reply
from projections.config.settings import Settings
from projections.container import Container
from runners.gateways.cloud import Cloud
from runners.gateways.http import Http
from runners.gateways.protocol import Accepted, DeviceState, Gateway, Outcome, Outgoing
from runners.jobs import campaigner, enroller
from runners.process import supervisor
from runners.sending import loops
from runners.sending.worker import Answer, Broadcaster

# Seconds that the Cloud API may take.
TIMEOUT = 30.0


class Immediate:
    """A gateway that accepts everything at once."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        return Accepted(f"wamid.{outgoing.message_id}")

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState:
        return DeviceState(online=True)

    async def close(self) -> None:
        pass

    def collect(self, now: datetime) -> list[Receipt | Reply]:
        return []


class Worker(Broadcaster):
    """Tells its crew how many outcomes it has recorded."""

    member: Member

    def record(self, gathered: list[Answer]) -> int:
        recorded = super().record(gathered)
        if recorded:
            self.member.did(recorded)
        return recorded


def settings(url: str, secret_key: str | None = None) -> Settings:
    """The broadcaster looks again soon where little is left, so that no waiting is measured."""
    return Settings(database_url=url, broadcast_every=0.05, secret_key=secret_key)


def broadcaster(container: Container, gateways: Mapping[str, Gateway], number: int = 0) -> Worker:
    """The ``number``-th of some."""
    return Worker(
        container,
        gateways,
        worker=f"broadcaster:host:{4711 + number}",
        actor=f"runner:broadcaster:host:{4711 + number}",
        uniform=random.Random(number).uniform,
    )


@dataclass(frozen=True)
class Broadcasting:
    """The ``number``-th broadcaster process, driven by the broadcaster's own loop until the crew's
    work is over. With a ``secret_key`` its gateway is the Cloud API, without one it accepts at
    once."""

    url: str
    number: int = 0
    secret_key: str | None = None

    def __call__(self, member: Member) -> None:
        with Container(settings(self.url, self.secret_key)) as container:
            gateway = Cloud(Http(TIMEOUT)) if self.secret_key else Immediate()
            worker = broadcaster(
                container, dict.fromkeys(("sandbox", "cloud"), gateway), self.number
            )
            worker.member = member
            with container.database.transaction() as connection:
                connection.exec_driver_sql("SELECT 1")  # connects
            supervisor.tune()
            member.begin()
            asyncio.run(_until_over(worker))


async def _until_over(worker: Worker) -> None:
    stop = asyncio.Event()

    async def watch() -> None:
        while not worker.member.over:
            await asyncio.sleep(0.02)
        stop.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        await loops.broadcast(worker, stop)


@dataclass(frozen=True)
class Running:
    """One look of a runner at all there is to do: ``messages`` to schedule."""

    url: str
    runner: Literal["campaigner", "enroller"]
    messages: int

    def __call__(self, member: Member) -> None:
        with Container(Settings(database_url=self.url)) as container:
            runner: campaigner.Campaigner | enroller.Enroller
            if self.runner == "campaigner":
                runner = campaigner.Campaigner(container, seed_data.ACTOR)
            else:
                runner = enroller.Enroller(container, seed_data.ACTOR)
            with container.database.transaction() as connection:
                connection.exec_driver_sql("SELECT 1")  # connects
            supervisor.tune()
            member.begin()
            runner.run_once()
            member.did(self.messages)

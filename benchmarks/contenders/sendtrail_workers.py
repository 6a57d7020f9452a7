"""Sendtrail's runners as tasks of a worker pool: the real broadcaster, campaigner and enroller.

The broadcaster's gateway accepts everything at once, or is the Cloud API's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from benchmarks.harness import seed_data
from benchmarks.harness.installation import settings
from benchmarks.harness.worker_pool import PoolWorker
from domain.inbound import Inbound
from domain.windows import quiet_hours
from projections.config.settings import Settings
from projections.container import Container
from runners.gateways.cloud import Cloud
from runners.gateways.http import Http
from runners.gateways.protocol import Accepted, DeviceState, Gateway, Outcome, Outgoing
from runners.jobs import campaigner, enroller
from runners.process import supervisor
from runners.sending import loops
from runners.sending.outcomes import SendResult
from runners.sending.worker import NAME, Broadcaster
from runners.support.health import Health

# Seconds that the Cloud API may take.
TIMEOUT = 30.0


class ImmediateGateway:
    """A gateway that accepts everything at once."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Accept the message."""
        return Accepted(f"wamid.{outgoing.message_id}")

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState:
        """Every device is online."""
        return DeviceState(online=True)

    async def close(self) -> None:
        """Nothing to close."""

    def collect(self, now: datetime) -> list[Inbound]:
        """There are no receipts and no replies."""
        return []


class CountingBroadcaster(Broadcaster):
    """Tells its process of the pool how many outcomes it has recorded."""

    pool_worker: PoolWorker

    def record(self, gathered: list[SendResult]) -> int:
        """Record as a broadcaster does, and count what is recorded."""
        recorded = super().record(gathered)
        if recorded:
            self.pool_worker.add_committed(recorded)
        return recorded


def broadcaster_settings(url: str, cap: int | None = None) -> Settings:
    """Settings with which the broadcaster looks again soon, so that no waiting is measured where
    little is left. With a ``cap`` there are also quiet hours, which are a minute of the night."""
    quiet = None if cap is None else quiet_hours("03:59-04:00", "quiet_hours")
    return settings(url, broadcast_every=0.05, lead_daily_cap=cap, quiet_hours=quiet)


def create_broadcaster(
    container: Container, gateways: Mapping[str, Gateway], number: int = 0
) -> CountingBroadcaster:
    """Create a broadcaster whose name and random numbers follow from its ``number``."""
    return CountingBroadcaster(
        container,
        gateways,
        worker=f"broadcaster:host:{4711 + number}",
        actor=f"runner:broadcaster:host:{4711 + number}",
        uniform=random.Random(number).uniform,
    )


@dataclass(frozen=True)
class BroadcasterTask:
    """The ``number``-th broadcaster process, driven by the broadcaster's own loop until the common
    work is finished.

    The gateway is the Cloud API's if it goes ``over_http``, else one that accepts at once. ``cap``
    is how many messages a person may have in a day.
    """

    url: str
    number: int = 0
    over_http: bool = False
    cap: int | None = None

    def __call__(self, worker: PoolWorker) -> None:
        """Connect, wait for the others, send."""
        with Container(broadcaster_settings(self.url, self.cap)) as container:
            gateway = Cloud(Http(TIMEOUT)) if self.over_http else ImmediateGateway()
            broadcaster = create_broadcaster(
                container, dict.fromkeys(("sandbox", "cloud"), gateway), self.number
            )
            broadcaster.pool_worker = worker
            _connect(container)
            supervisor.tune()
            worker.begin()
            asyncio.run(_broadcast_until_finished(broadcaster))


async def _broadcast_until_finished(broadcaster: CountingBroadcaster) -> None:
    stop = asyncio.Event()

    async def watch() -> None:
        while not broadcaster.pool_worker.finished:
            await asyncio.sleep(0.02)
        stop.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        health = Health([NAME], broadcaster.container.outreach.clock)
        await loops.broadcast(broadcaster, stop, health)


@dataclass(frozen=True)
class RunnerTask:
    """One ``run_once`` of a runner over all there is to do: ``messages`` to schedule."""

    url: str
    runner: Literal["campaigner", "enroller"]
    messages: int

    def __call__(self, worker: PoolWorker) -> None:
        """Connect, wait for the others, schedule."""
        with Container(settings(self.url)) as container:
            runner: campaigner.Campaigner | enroller.Enroller
            if self.runner == "campaigner":
                runner = campaigner.Campaigner(container, seed_data.ACTOR)
            else:
                runner = enroller.Enroller(container, seed_data.ACTOR)
            _connect(container)
            supervisor.tune()
            worker.begin()
            runner.run_once()
            worker.add_committed(self.messages)


def _connect(container: Container) -> None:
    with container.database.transaction() as connection:
        connection.exec_driver_sql("SELECT 1")

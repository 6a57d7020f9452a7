"""An installation with a number behind every provider, driven through its real doors: the API,
webhooks, and the real runners, called one by one, on a clock that stands still until it is moved.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from projections.config.settings import Settings
from projections.container import Container
from runners.gateways.registry import make_gateways
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller
from runners.jobs.monitor import Monitor
from runners.jobs.reaper import Reaper
from runners.jobs.receiver import Receiver
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.support import numbers
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY, api_key

# Monday.
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
# Rounds of the runners within which everything must be worked off.
ROUNDS = 100


class World:
    """``api`` has an administrator's key, ``devices`` are the ids of our numbers by gateway,
    ``fakes`` the servers behind them."""

    def __init__(self, container: Container, clock: SimulatedClock, fakes: dict[str, Any]) -> None:
        self.container = container
        self.clock = clock
        self.fakes = fakes
        self.app = application(container)
        self.api = Client(self.app, api_key(container, "boss", "admin"))
        self.gateways = make_gateways(container.settings)
        self.broadcaster = Broadcaster(
            container,
            self.gateways,
            worker="worker 1",
            actor="runner:broadcaster:test",
            uniform=random.Random(1).uniform,
        )
        self.devices = {
            gateway: str(self.api.create("/devices", numbers.device_of(gateway, fake))["id"])
            for gateway, fake in fakes.items()
        }
        Monitor(container, self.gateways, "runner:monitor:test").run_once()

    def sequence(self, *bodies: str, trigger: str = "COLD", **fields: Any) -> str:
        """The id of an active sequence of these texts, the first due at once, the others a day
        apart."""
        steps = [{"body": body, "delay_hours": 24} for body in bodies]
        given = {"name": f"On {trigger}", "trigger": trigger, "first_delay_minutes": 0}
        made = self.api.create("/sequences", {**given, "steps": steps, **fields})
        assert self.api.post(f"/sequences/{made['id']}/activate").status == 200
        return str(made["id"])

    def hears(self, gateway: str, said: Any) -> int:
        """The provider says that of our number; the status that it is answered with."""
        response = self.app.test_client().post(
            f"/webhooks/{gateway}/{self.devices[gateway]}",
            content_type="application/json",
            **numbers.webhook(gateway, said),
        )
        return response.status_code

    def at(self, hour: int, minute: int = 0) -> datetime:
        """It is that time of the first day, and a bit later than the minute's beginning."""
        self.clock.move_to(START.replace(hour=hour, minute=minute, microsecond=700_000))
        return self.clock()

    def metrics(self) -> str:
        return self.app.test_client().get("/metrics").text

    # What runners do

    def sends(self) -> None:
        """Who shall be written to by now is."""
        Enroller(self.container, "runner:enroller:test").run_once()
        Campaigner(self.container, "runner:campaigner:test").run_once()
        asyncio.run(self._sends_due())

    def works_off(self) -> None:
        """The receiver and the reaper work until nothing is left for them."""
        works = [
            Receiver(self.container).run_once,
            Reaper(self.container, "runner:reaper:test").run_once,
        ]
        for _ in range(ROUNDS):
            if not sum(work() for work in works):
                return
        raise AssertionError(f"after {ROUNDS} rounds there is still something to do")

    async def _sends_due(self) -> None:
        one = self.broadcaster
        try:
            while True:
                claimed = one.accept_claim(one.claim(one.claim_request()))
                with one.due() as slots:
                    result = one.dispatch(slots)
                one.accept_dispatch(result)
                while one.in_flight:
                    await asyncio.wait(one.in_flight)
                one.record(one.take_outcomes())
                if not claimed and not result.outgoing:
                    return
        finally:
            await one.close()


@contextmanager
def opened(url: str, **settings: Any) -> Iterator[World]:
    """A world on that database, where phones without a country's code are Malaysian unless the
    settings say otherwise."""
    clock = SimulatedClock(START)
    given = {"default_region": "MY", **settings}
    with (
        numbers.servers() as fakes,
        Container(
            Settings(database_url=url, secret_key=SECRET_KEY, undo_seconds=0, **given), clock
        ) as container,
    ):
        yield World(container, clock, fakes)

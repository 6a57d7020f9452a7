"""A company's Sendtrail for stories that last days: the same API, and the real runners on a clock
that jumps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.gateways.protocol import DeviceState
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.support import then
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import api_key


class Days:
    """``api`` has an administrator's key. Devices are on the sandbox."""

    def __init__(self, container: Container, clock: SimulatedClock) -> None:
        self.container = container
        self.clock = clock
        self.api = Client(application(container), api_key(container, "boss", "admin"))

    def work_until(self, instant: datetime) -> None:
        """All runners, newly started; at ``instant`` their process is gone, whatever it was at."""
        Simulation(self.container, self.clock).play(instant)

    def down_until(self, instant: datetime) -> None:
        """Nothing runs."""
        self.clock.move_to(instant)

    def messages(self, **where: Any) -> list[Any]:
        """Rows of the queue, in the order in which they were sent or, where they were not, due."""
        found = then.messages(self.container, **where)
        return sorted(found, key=lambda row: row.sent_at or row.scheduled_at)

    def proves_itself(self) -> None:
        """The views are what the events say, and no stream has a gap."""
        assert not any(rebuild(self.container.database).values())
        assert then.gaps(self.container) == []


def switches(simulation: Simulation, state: DeviceState) -> None:
    """Every phone of the sandbox is in that state from now on; the monitor sees it at its next
    look."""

    async def status(*_: Any) -> DeviceState:
        return state

    for sandbox in simulation.sandboxes.values():
        sandbox.status = status  # type: ignore[method-assign]

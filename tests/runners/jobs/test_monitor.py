"""Devices are watched: what their gateways say becomes events, what a person said stays."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec

from domain.device import OPERATOR
from projections.container import Container
from runners.gateways.protocol import DeviceState
from runners.gateways.sandbox import Sandbox
from runners.jobs.monitor import Monitor
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.when import Phones


class Watched(Phones):
    """A gateway that says of each device what it was told to say."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.states: dict[UUID, DeviceState | Exception] = {}
        self.silent: set[UUID] = set()
        self.given_up: set[UUID] = set()

    async def status(self, device_id: UUID, settings: Any, credentials: Any) -> DeviceState:
        if device_id in self.silent:
            await self.hang(device_id)
        state = self.states.get(device_id, DeviceState(online=True))
        if isinstance(state, Exception):
            raise state
        return state

    async def hang(self, device_id: UUID) -> None:
        """For two seconds: whoever has more patience than that is too patient."""
        try:
            async with asyncio.timeout(2):
                await asyncio.Event().wait()
        except TimeoutError:
            return
        except asyncio.CancelledError:
            self.given_up.add(device_id)
            raise


def watches(container: Container, gateway: Any) -> int:
    return Monitor(container, {"sandbox": gateway}, "runner:monitor:test").run_once()


def test_a_device_goes_online_when_its_gateway_says_so(
    container: Container, clock: SimulatedClock
) -> None:
    """The sandbox always does; a second look changes nothing."""
    device = given.device(container, online=False)

    assert watches(container, Sandbox(clock)) == 1
    assert watches(container, Sandbox(clock)) == 0

    assert then.topics(container, device) == ["device.registered", "device.connected"]
    assert then.row(container, "devices", device_id=device).status == "online"


def test_a_device_goes_offline_with_the_gateways_reason(
    container: Container, clock: SimulatedClock
) -> None:
    """And comes back by itself when the gateway has it again."""
    device = given.device(container)
    gateway = Watched(clock)
    gateway.states[device] = DeviceState(online=False, reason="logged out")

    assert watches(container, gateway) == 1
    row = then.row(container, "devices", device_id=device)
    assert (row.status, row.reason) == ("offline", "logged out")

    gateway.states.clear()
    assert watches(container, gateway) == 1
    row = then.row(container, "devices", device_id=device)
    assert (row.status, row.reason) == ("online", None)


def test_a_device_that_was_never_online_says_why(
    container: Container, clock: SimulatedClock
) -> None:
    """Once, and not in every round; it has been offline since it was registered."""
    device = given.device(container, online=False)
    registered = clock()
    gateway = Watched(clock)

    changed = []
    for reason in ("its host is not allowed", "its host is not allowed", "ClientConnectorError"):
        clock.advance(minutes=1)
        gateway.states[device] = DeviceState(online=False, reason=reason)
        changed.append(watches(container, gateway))

    row = then.row(container, "devices", device_id=device)
    assert changed == [1, 0, 0]
    assert (row.status, row.reason) == ("offline", "its host is not allowed")
    assert row.offline_since == registered
    assert then.topics(container, device) == ["device.registered", "device.disconnected"]


def test_a_device_that_a_person_disconnected_stays_so(
    container: Container, clock: SimulatedClock
) -> None:
    """Until a person connects it."""
    device = given.device(container)
    container.outreach.disconnect_device(device, OPERATOR, actor="api:sales")

    assert watches(container, Sandbox(clock)) == 0
    assert container.outreach.get_device(device).status == "offline"

    container.outreach.connect_device(device, actor="api:sales")
    assert watches(container, Sandbox(clock)) == 0
    assert container.outreach.get_device(device).status == "online"


def test_a_devices_own_number_is_learned_and_shown(
    container: Container, clock: SimulatedClock
) -> None:
    """Whatever its state is; a second look changes nothing, and neither does one that names no
    number. The number may change, as when another phone is paired."""
    device = given.device(container, online=False)
    gateway = Watched(clock)
    for state in (
        DeviceState(False, "connecting", "60399990021@s.whatsapp.net"),
        DeviceState(False, "connecting", "60399990021@s.whatsapp.net"),
        DeviceState(True, "logged_in", "60399990022@s.whatsapp.net"),
        DeviceState(True, "logged_in"),
    ):
        gateway.states[device] = state
        watches(container, gateway)

    assert then.topics(container, device) == [
        "device.registered",
        "device.disconnected",
        "device.address_learned",
        "device.connected",
        "device.address_learned",
    ]
    row = then.row(container, "devices", device_id=device)
    assert (row.status, row.address) == ("online", "60399990022@s.whatsapp.net")


def test_a_device_of_which_two_things_changed_has_changed_once(
    container: Container, clock: SimulatedClock
) -> None:
    device = given.device(container, online=False)
    gateway = Watched(clock)
    gateway.states[device] = DeviceState(True, "logged_in", "60399990021@s.whatsapp.net")
    assert (watches(container, gateway), watches(container, gateway)) == (1, 0)


def test_a_number_is_learned_anew_after_a_change_of_settings(
    container: Container, clock: SimulatedClock
) -> None:
    device = given.device(container)
    gateway = Watched(clock)
    gateway.states[device] = DeviceState(True, "logged_in", "60399990021@s.whatsapp.net")
    watches(container, gateway)
    present = container.outreach.get_device(device).configuration
    other = msgspec.structs.replace(present, settings={"seed": 7})
    container.outreach.reconfigure_device(device, other, actor="api:sales")
    assert then.row(container, "devices", device_id=device).address is None

    assert watches(container, gateway) == 1
    row = then.row(container, "devices", device_id=device)
    assert row.address == "60399990021@s.whatsapp.net"


def test_retired_devices_and_other_gateways_are_left_alone(
    container: Container, clock: SimulatedClock
) -> None:
    """A retired number is not asked about; a gateway that this process lacks is another's."""
    retired = given.device(container, "Old")
    container.outreach.retire_device(retired, actor="api:admin")
    given.device(container, "New", online=False)

    assert Monitor(container, {"gowa": Sandbox(clock)}, "runner:monitor:test").run_once() == 0
    assert watches(container, Sandbox(clock)) == 1
    assert container.outreach.get_device(retired).status == "retired"


def test_a_gateway_that_fails_for_one_device_hides_no_other(
    container: Container, clock: SimulatedClock
) -> None:
    """What cannot be asked keeps the state it has; the rest is watched as always."""
    broken, down = given.device(container, "Broken"), given.device(container, "Down")
    gateway = Watched(clock)
    gateway.states[broken] = RuntimeError("the gateway's own fault")
    gateway.states[down] = DeviceState(online=False, reason="logged out")

    assert watches(container, gateway) == 1

    assert container.outreach.get_device(broken).status == "online"
    assert container.outreach.get_device(down).status == "offline"


def test_a_gateway_that_hangs_is_given_up(container: Container, clock: SimulatedClock) -> None:
    """After the gateway's time-out; the other devices are watched all the same."""
    given.settings(container, gateway_timeout=0.1)
    hanging, down = given.device(container, "Hanging"), given.device(container, "Down")
    gateway = Watched(clock)
    gateway.silent.add(hanging)
    gateway.states[down] = DeviceState(online=False, reason="logged out")

    assert watches(container, gateway) == 1

    assert gateway.given_up == {hanging}
    assert container.outreach.get_device(hanging).status == "online"
    assert container.outreach.get_device(down).status == "offline"

"""18. "The phone lost its session at noon, and whoever was still to be written to never was." """

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any
from uuid import UUID

from projections.container import Container
from runners.gateways.protocol import DeviceState, Outcome, Outgoing, Unreachable
from runners.jobs.monitor import Monitor
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.office import Office
from tests.support.when import Phones

# What the GOWA server calls its first number.
OURS = "60399990021@s.whatsapp.net"


def test_a_device_that_goes_offline_keeps_its_messages_and_goes_on_when_back(
    office: Office,
) -> None:
    """Two numbers with twenty people each; one loses its session after a few."""
    lost, other = office.device("Sales 1", (0.1, 0.1)), office.device("Sales 2", (0.1, 0.1))
    office.leads(20, device="Sales 1")
    office.leads(20, first=21, device="Sales 2")
    campaign = office.campaign()

    with office.running(monitor_every=0.2) as runners:
        then.soon(lambda: office.counts(lost)["sent"] >= 3)
        then.soon(lambda: office.api.get(f"/devices/{lost}").json["address"] == OURS)
        office.gowa.devices["Sales 1"] = "disconnected"
        then.soon(lambda: office.api.get(f"/devices/{lost}").json["status"] == "offline")
        then.soon(lambda: set(office.counts(lost)) == {"sent", "pending"})
        before = office.counts(lost)
        then.soon(lambda: office.counts(other) == {"sent": 20})
        assert office.counts(lost) == before
        assert before["sent"] < 20
        assert office.api.get(f"/campaigns/{campaign}").json["status"] == "triggered"

        office.gowa.devices["Sales 1"] = "logged_in"
        then.soon(office.is_done)
        assert runners.ends(signal.SIGTERM) == 0

    assert office.counts() == {"sent": 40}
    assert len({asked.phone for asked in office.gowa.asked}) == len(office.gowa.asked) == 40
    # Each person from the number that is theirs: no other took over.
    assert [asked.device for asked in office.gowa.asked].count("Sales 1") == 20
    history = then.events(office.container, of=UUID(lost))
    assert [(event.TOPIC, event.actor.split(":")[1]) for event in history[2:]] == [
        ("device.address_learned", "monitor"),
        ("device.disconnected", "monitor"),
        ("device.connected", "monitor"),
    ]
    assert history[3].reason == "disconnected"
    office.proves_itself()


class Session(Phones):
    """A gateway whose one phone may lose its session."""

    lost = False

    async def send(self, outgoing: Outgoing) -> Outcome:
        return Unreachable("SERVICE_UNAVAILABLE") if self.lost else await super().send(outgoing)

    async def status(self, *_: Any) -> DeviceState:
        return DeviceState(online=not self.lost, reason="disconnected" if self.lost else None)


def test_two_hours_offline_cost_nobody_the_message(
    container: Container, clock: SimulatedClock
) -> None:
    """The monitor hears of it within half a minute. What the gateway refused until then was one
    try of five; what waits does not use up the others."""
    given.settings(container, broadcast_every=30)
    device = given.device(container, pace=(10, 10))
    given.many_leads(container, 60)
    given.campaign(container)
    when.triggers(container)
    phone = Session(clock)
    broadcaster = when.broadcaster(container, phone)
    monitor = Monitor(container, {"sandbox": phone}, "runner:monitor:test")

    def plays(**time: float) -> None:
        """The monitor looks every half minute."""
        end = clock() + timedelta(**time)
        while clock() < end:
            monitor.run_once()
            when.plays(clock, 30, broadcaster)

    plays(minutes=2)
    phone.lost = True
    when.plays(clock, 25, broadcaster)
    plays(hours=2)
    there = then.statuses(container)
    phone.lost = False
    plays(minutes=10)

    assert there == {"sent": 13, "pending": 47}
    assert then.statuses(container) == {"sent": 60}
    deferred = then.events(container, "message.deferred")
    assert 1 <= len(deferred) <= 3
    assert {event.attempt for event in deferred} == {1}
    assert len({sent.phone for sent in phone.sent}) == len(phone.sent) == 60
    assert then.shortest_pause(phone.moments_of(device)) == timedelta(seconds=10)

""" "The window closed at 16:31 and a queue of six went on until 16:32. And the phone came back at
night and sent." """

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.windows import Window, quiet_hours
from projections.container import Container
from runners.gateways.protocol import DeviceState
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.scenarios.days import switches
from tests.support import given, then
from tests.support.heard import proves_itself
from tests.support.samples import utc

TOKYO = ZoneInfo("Asia/Tokyo")


def dispatched(container: Container) -> list[datetime]:
    return [event.timestamp for event in then.events(container, "message.queued")]


def test_what_does_not_fit_waits_for_the_next_opening_in_its_order(
    container: Container, clock: SimulatedClock
) -> None:
    """Six people, one device with a pause of 20 s, and a minute until the window closes."""
    given.device(container, pace=(20, 20))
    leads = given.many_leads(container, 6, ["COLD"], timezone="UTC")
    window = Window(weekdays=(1, 2, 3, 4, 5), start="08:00", end="08:06")
    given.sequence(container, "COLD", ["Hi"], windows=(window,))

    Simulation(container, clock).play(clock() + timedelta(days=1, hours=1))

    sent = dispatched(container)
    assert len(sent) == len(leads)
    closing = utc(2026, 3, 2, 8, 6)
    today = [at for at in sent if at < closing]
    assert len(today) == 3
    assert [at for at in sent if at >= closing] == [
        utc(2026, 3, 3, 8, 0) + timedelta(seconds=20 * n) for n in range(3)
    ]
    moved = then.events(container, "message.rescheduled")
    assert {(event.scheduled_at, event.reason) for event in moved} == {
        (utc(2026, 3, 3, 8, 0), "window")
    }
    proves_itself(container)


def test_a_phone_that_comes_back_at_night_waits_for_the_morning(
    container: Container, clock: SimulatedClock
) -> None:
    """A campaign at 18:00 in Tokyo, offline until the quiet hours."""
    given.settings(container, quiet_hours=quiet_hours("21:00-08:00", ""), timezone="Asia/Tokyo")
    given.device(container)
    given.many_leads(container, 3, timezone="Asia/Tokyo")
    given.campaign(container, at=utc(2026, 3, 2, 9, 0))
    simulation = Simulation(container, clock)
    switches(simulation, DeviceState(False, "no network"))
    simulation.play(utc(2026, 3, 2, 14, 0))  # 23:00 in Tokyo
    assert dispatched(container) == []
    switches(simulation, DeviceState(True))

    simulation.play(utc(2026, 3, 3, 12, 0))

    assert {at.astimezone(TOKYO).strftime("%d %H:%M") for at in dispatched(container)} == {
        "03 08:00"
    }
    proves_itself(container)


def test_every_recipient_has_a_clock_of_her_own(
    container: Container, clock: SimulatedClock
) -> None:
    """Hers, the campaign's, her phone's country, the house's; from 09:00 to 10:00 on it."""
    given.settings(container, timezone="Pacific/Auckland")
    given.device(container)
    given.lead(container, 1, timezone="America/New_York")
    singapore = given.person(container, "+6581234567")
    american = given.person(container, "+12125550123")
    given.campaign(container, windows=(Window(start="09:00", end="10:00"),))

    Simulation(container, clock).play(clock() + timedelta(days=2))

    zones = {singapore: "Asia/Singapore", american: "Pacific/Auckland"}
    at = {
        event.originator_id: event.timestamp for event in then.events(container, "message.queued")
    }
    for message in then.messages(container):
        zone = ZoneInfo(zones.get(message.lead_id, "America/New_York"))
        assert at[message.message_id].astimezone(zone).hour == 9
    assert len(at) == 3


def test_what_is_not_for_the_night_does_not_hold_up_what_is(
    container: Container, clock: SimulatedClock
) -> None:
    """A thousand who wait for the morning are before one who does not."""
    given.device(container, pace=(20, 20))
    given.many_leads(container, 1000, niche=["B1"], timezone="UTC")
    given.lead(container, 5000, niche=["B2"])
    night = (Window(start="20:00", end="21:00"),)
    given.campaign(container, at=clock() - timedelta(minutes=5), niche=("B1",), windows=night)
    urgent = given.campaign(container, niche=("B2",))

    Simulation(container, clock).play(clock() + timedelta(minutes=2))

    assert then.statuses(container, campaign_id=urgent) == {"sent": 1}
    assert then.statuses(container) == {"sent": 1, "pending": 1000}
    assert {m.scheduled_at for m in then.messages(container, status="pending")} == {
        utc(2026, 3, 2, 20, 0)
    }
    proves_itself(container)

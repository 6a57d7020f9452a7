""" "The same person got eleven messages in twenty seconds, from two sequences that hand over to
each other." """

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.windows import Window
from projections.container import Container
from runners.gateways.protocol import Outcome, Throttled, Unknown
from runners.gateways.sandbox import Sandbox
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import proves_itself
from tests.support.samples import utc
from tests.support.when import at_once, broadcaster, looks, triggers

KUALA_LUMPUR = ZoneInfo("Asia/Kuala_Lumpur")


def per_day(container: Container, zone: ZoneInfo) -> Counter[str]:
    return Counter(
        f"{event.timestamp.astimezone(zone):%d}"
        for event in then.events(container, "message.queued")
    )


def test_a_day_of_hers_has_as_many_as_it_may(container: Container, clock: SimulatedClock) -> None:
    """Campaigns and a sequence together, by her own calendar; what is no promotion goes at once."""
    given.settings(container, lead_daily_cap=2)
    given.device(container)
    given.lead(container, 1, ["COLD"], timezone="Asia/Kuala_Lumpur")
    given.sequence(container, bodies=("1", "2", "3"), step={"delay_hours": 0})
    for _ in range(3):
        given.campaign(container)
    receipt = given.campaign(container, ignore_cap=True)

    Simulation(container, clock).play(clock() + timedelta(days=4))

    assert then.statuses(container) == {"sent": 7}
    # 16:00 in Kuala Lumpur when it begins.
    assert per_day(container, KUALA_LUMPUR) == {"02": 3, "03": 2, "04": 2}
    assert then.message(container, campaign_id=receipt).sent_at < clock() - timedelta(days=3)
    reasons = {event.reason for event in then.events(container, "message.rescheduled")}
    assert "frequency_cap" in reasons
    proves_itself(container)


def test_two_devices_at_once_do_not_exceed_it(container: Container, clock: SimulatedClock) -> None:
    """Four campaigns, each by another device, claimed by four workers at the same moment."""
    given.settings(container, lead_daily_cap=1)
    devices = [given.device(container, f"Sales {n}") for n in range(4)]
    leads = given.many_leads(container, 20)
    for device in devices:
        given.campaign(container)
        triggers(container)
        with container.database.transaction() as connection:
            connection.exec_driver_sql(
                "UPDATE broadcast_messages SET device_id = %(d)s WHERE campaign_id = (SELECT"
                " campaign_id FROM campaigns ORDER BY triggered_at DESC, campaign_id LIMIT 1)",
                {"d": str(device)},
            )
    workers = [broadcaster(container, Sandbox(clock), f"worker {n}") for n in range(4)]
    at_once(*(lambda one=one: looks(one) for one in workers))

    assert then.statuses(container) == {"sent": len(leads), "pending": 3 * len(leads)}
    sent = Counter(m.lead_id for m in then.messages(container, status="sent"))
    assert set(sent.values()) == {1}


def test_tomorrow_is_when_she_may_be_written_to(
    container: Container, clock: SimulatedClock
) -> None:
    """The next day of a window from 09:00 on."""
    given.settings(container, lead_daily_cap=1)
    given.device(container)
    given.lead(container, 1, timezone="UTC")
    given.campaign(container)
    given.campaign(container, windows=(Window(start="08:00", end="10:00"),))

    Simulation(container, clock).play(clock() + timedelta(days=2))

    hours = [f"{event.timestamp:%d %H:%M}" for event in then.events(container, "message.queued")]
    assert hours[0] == "02 08:00"
    assert hours[1] in ("03 00:00", "03 08:00")


@pytest.mark.parametrize("outcome", [Throttled(2 * 3600), Unknown("time-out")])
def test_what_was_tried_yesterday_counts_today_when_it_is_claimed(
    container: Container, clock: SimulatedClock, outcome: Outcome
) -> None:
    """It waits for its slot, because the device has just written to somebody else."""
    given.settings(container, lead_daily_cap=1)
    given.device(container, pace=(2, 2))
    clock.move_to(utc(2026, 3, 2, 23, 0))
    lead = given.lead(container, 1, timezone="UTC", niche=["B1"])
    given.lead(container, 2, timezone="UTC", niche=["B2"])
    given.campaign(container, niche=("B1",))
    when.triggers(container)
    broadcaster = when.broadcaster(container, when.Phones(clock, outcome))
    when.looks(broadcaster)
    clock.move_to(utc(2026, 3, 3, 1, 0))
    first = then.message(container)
    if first.status == "unknown":
        container.outreach.resolve_message(first.message_id, "retried", "x", actor=given.ACTOR)
    given.campaign(container, niche=("B2",), at=utc(2026, 3, 2, 22, 0))
    when.triggers(container)
    when.looks(broadcaster)
    assert then.message(container, lead_id=lead).status == "processing"
    given.campaign(container, name="Second", niche=("B1",))
    when.triggers(container)

    when.plays(clock, 60, broadcaster)

    assert then.statuses(container, lead_id=lead) == {"sent": 1, "pending": 1}

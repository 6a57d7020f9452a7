"""A campaign that nobody saved, and the same one really sent while nothing else happens: the same
people, the same reasons, the same devices, and the same times but for the pauses."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.campaign.definition import Definition
from domain.windows import Window
from projections.container import Container
from projections.what_if import campaign
from projections.what_if.answer import Answer
from projections.what_if.snapshot import snapshot
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.support import given, then

ZONES = (None, "Asia/Tokyo", "America/New_York")
OFFICE = (Window(weekdays=(1, 2, 3, 4, 5), start="09:00", end="17:00"),)

# Until the campaigner and the broadcaster look.
LOOKS = timedelta(seconds=65)
# By then everything that waits for a window has expired.
LATE = timedelta(days=4)
# How far a pause of the slowest pace may be from its average.
HALF_A_SPREAD = timedelta(seconds=100)


def installation(container: Container, chance: random.Random) -> list[UUID]:
    """Up to four numbers and forty people of all kinds, some of whom wait for something."""
    devices = [
        given.device(
            container,
            f"Sales {number}",
            pace=chance.choice([(0, 0), (5, 15), (60, 60), (100, 300)]),
            daily_limit=chance.choice([None, None, 5]),
            timezone=chance.choice(["UTC", "Asia/Tokyo"]),
        )
        for number in range(chance.randint(1, 3))
    ]
    for number in range(1, chance.randint(8, 20)):
        lead_id = given.lead(
            container,
            number,
            ["COLD"] if chance.random() < 0.2 else [],
            niche=(chance.choice(["B1", "B2"]),),
            target_status=chance.choice(["prospect", "customer"]),
            timezone=chance.choice(ZONES),
            device_id=chance.choice([None, None, *devices]),
        )
        if chance.random() < 0.15:
            container.outreach.opt_out(lead_id, "STOP", actor=given.ACTOR)
    return devices


def definition(chance: random.Random, devices: list[UUID], at: datetime) -> Definition:
    return Definition(
        name="Offer",
        body="Hello {name|there}",
        scheduled_at=at,
        niche=chance.choice([(), ("b1",)]),
        target_status=chance.choice(["all", "prospect"]),
        windows=chance.choice([(), OFFICE]),
        device_ids=chance.choice([(), tuple(devices[:1])]),
        min_delay_seconds=chance.choice([0, 20]),
        max_delay_seconds=60,
        undo_seconds=chance.choice([0, 120]),
        expires_after_hours=chance.choice([None, None, 3]),
    )


def ask(container: Container, asked: Definition, at: datetime | None = None) -> Answer:
    with snapshot(container.database, container.outreach.clock(), at) as seen:
        cap = container.settings.lead_daily_cap
        return campaign.what_if(seen, asked, container.outreach.house, cap)


@pytest.mark.parametrize("seed", range(5))
def test_what_if_equals_what_happens(
    container: Container, clock: SimulatedClock, seed: int
) -> None:
    chance = random.Random(seed)
    given.settings(container, lead_daily_cap=chance.choice([None, 1]))
    devices = installation(container, chance)
    if chance.random() < 0.5:
        given.campaign(container, at=clock(), niche=("B2",), name="Before")
        Simulation(container, clock).play(clock() + timedelta(seconds=90))
    asked = definition(chance, devices, clock() + timedelta(hours=chance.randint(0, 20)))
    before = then.count(container.database)

    found = ask(container, asked)
    assert then.count(container.database) == before
    campaign_id = container.outreach.schedule_campaign(asked, actor=given.ACTOR).id
    Simulation(container, clock).play((found.ends_at or clock() + LATE) + timedelta(hours=1))

    sent = {m.lead_id: m for m in then.messages(container) if m.campaign_id == campaign_id}
    cancelled = {lead_id for lead_id, message in sent.items() if message.reason}
    expired = {each.lead_id for each in found.left_out if each.reason == "expired"}
    assert {each.lead_id for each in found.recipients} | expired == sent.keys()
    assert cancelled == expired
    state = container.outreach.get_campaign(campaign_id)
    assert {r: n for r, n in found.excluded.items() if r != "expired"} == state.excluded
    for each in found.recipients:
        message = sent[each.lead_id]
        assert each.at is not None
        assert message.device_id == each.device_id
        before_it = sum(other.device_id == each.device_id for other in then.messages(container))
        assert abs(message.sent_at - each.at) <= LOOKS + before_it * HALF_A_SPREAD

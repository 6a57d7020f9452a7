"""9. "We ran two campaigns and the follow-up on one number. They all went out at once, and the
number was blocked." """

from __future__ import annotations

import signal
from itertools import pairwise
from random import Random

from tests.support import then
from tests.support.office import Office

PAUSE = 0.2


def test_one_device_keeps_its_pause_whatever_and_whoever_sends(office: Office) -> None:
    """Two workers: the second comes while the first is at it, and goes on without it. The second
    campaign asks for more than the number can bear. Some requests take longer to arrive than
    others, so that a pause counted from anything but the answer would be too short there."""
    chance = Random(9)
    ways = iter([chance.choice((0.0, 0.05, 0.15, 0.3)) for _ in range(16)])
    office.gowa.travel = lambda: next(ways)
    office.device(pace=(PAUSE, PAUSE))
    office.leads(4, triggers="COLD")
    steps = [{"body": "One"}, {"body": "Two", "delay_hours": 0}]
    sequence = office.api.create(
        "/sequences",
        {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0, "steps": steps},
    )
    office.campaign(name="Offer", body="Offer")
    assert office.once("campaigner").returncode == 0

    with office.running("broadcaster", gateway_timeout=30) as first:
        then.soon(lambda: len(office.gowa.asked) >= 2, 60)
        with office.running("broadcaster", gateway_timeout=30) as second:
            second.says("runners.started")
            office.campaign(name="Now", body="Now", min_delay_seconds=0, max_delay_seconds=0.01)
            office.api.post(f"/sequences/{sequence['id']}/activate")
            assert office.once("enroller", "campaigner").returncode == 0
            before = len(office.gowa.asked)
            then.soon(lambda: len(office.gowa.asked) >= before + 5, 60)
            assert first.ends(signal.SIGTERM) == 0
            then.soon(lambda: office.counts() == {"sent": 16}, 60)
            assert second.ends(signal.SIGTERM) == 0

    arrivals = [asked.arrived for asked in office.gowa.asked]
    assert min(later - earlier for earlier, later in pairwise(arrivals)) >= PAUSE
    assert list(ways) == []
    assert {asked.text for asked in office.gowa.asked} == {"Offer", "Now", "One", "Two"}
    assert len({(asked.phone, asked.text) for asked in office.gowa.asked}) == len(arrivals) == 16
    assert len({event.worker for event in then.events(office.container, "message.claimed")}) == 2
    office.proves_itself()

"""36. "The clock had been an hour ahead for a minute; two phones were silent for an hour." """

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

HOUR, MINUTE, PAUSE = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=20)
LEADS = 12


class Office:
    """Two phones with twelve people each, a worker for them, and the clock of its machine."""

    def __init__(self, container: Container, clock: SimulatedClock) -> None:
        self.container, self.clock, self.phones = container, clock, Phones(clock)
        seconds = PAUSE.total_seconds()
        self.devices = [
            given.device(container, f"Sales {n}", pace=(seconds, seconds)) for n in (1, 2)
        ]
        for number, device in enumerate(self.devices):
            given.many_leads(container, LEADS, first=1 + 100 * number, device_id=device)
        given.campaign(container)
        when.triggers(container)

    def works(self, worker: Broadcaster, time: timedelta) -> None:
        """The worker sends, and the reaper looks every half minute."""
        end = self.clock() + time
        while self.clock() < end:
            when.reaps(self.container)
            when.plays(self.clock, 30, worker)

    def proves_itself(self) -> None:
        """Nothing went out twice, and a rebuild makes the same of the events."""
        assert len({sent.message_id for sent in self.phones.sent}) == len(self.phones.sent)
        assert not any(rebuild(self.container.database).values())
        assert then.gaps(self.container) == []


@pytest.fixture
def office(container: Container, clock: SimulatedClock) -> Office:
    return Office(container, clock)


def test_two_phones_go_on_at_once_when_the_clock_is_put_right(
    office: Office, clock: SimulatedClock
) -> None:
    """With their pause, until everybody has been written to: in minutes and not in an hour."""
    worker = when.broadcaster(office.container, office.phones)
    clock.now += HOUR
    office.works(worker, MINUTE)
    ahead = len(office.phones.sent)
    assert ahead >= 6
    clock.now -= HOUR
    put_right = clock()

    office.works(worker, LEADS * PAUSE + MINUTE)

    assert then.statuses(office.container) == {"sent": 2 * LEADS}
    for device in office.devices:
        moments = [at for at in office.phones.moments_of(device) if at < put_right + HOUR / 2]
        assert moments[0] - put_right <= timedelta(seconds=5)
        assert {later - earlier for earlier, later in pairwise(moments)} == {PAUSE}
    office.proves_itself()


def test_another_machine_goes_on_at_once_when_the_one_with_the_wrong_clock_is_gone(
    office: Office, clock: SimulatedClock
) -> None:
    """It died with messages claimed, and with calls of which nobody knows what became. Those are
    unknown, and nobody is written to twice; the others are written to in minutes."""
    gone = when.broadcaster(office.container, Phones(clock), "gone")
    clock.now += HOUR
    when.claims(gone)
    assert len(when.dispatches(gone).outgoing) == 2
    clock.advance(seconds=16)
    assert when.claims(gone) == 2
    clock.now -= HOUR
    assert then.statuses(office.container) == {
        "queued": 2,
        "processing": 2,
        "pending": 2 * LEADS - 4,
    }

    another = when.broadcaster(office.container, office.phones, "another")
    office.works(another, LEADS * PAUSE + 3 * MINUTE)

    assert then.statuses(office.container) == {"unknown": 2, "sent": 2 * LEADS - 2}
    for device in office.devices:
        assert then.shortest_pause(office.phones.moments_of(device)) == PAUSE
    office.proves_itself()

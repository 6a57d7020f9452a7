"""What a clock that was ahead left in the queue: slots that hold no device back, and leases whose
end says nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.pacing import farthest_slot, slot_that_counts
from projections.container import Container
from projections.queue import claim, sweep
from projections.queue.claim import Wanted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

SOON = timedelta(seconds=5)
HOUR = timedelta(hours=1)


def given_due(container: Container, *devices: UUID) -> None:
    """A message on each, due now."""
    for number, device in enumerate(devices):
        given.lead(container, number, device_id=device)
    given.campaign(container)
    when.triggers(container)


def last_slot_is(container: Container, device: UUID, at: datetime) -> None:
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE device_slots SET last_slot_at = %(at)s, epoch = 4 WHERE device_id = %(id)s",
            {"at": at, "id": str(device)},
        )


def sending(container: Container, limit: int = 10) -> list[claim.SendingDevice]:
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        return claim.sending_devices(connection, now, now + SOON, Wanted(["sandbox"], [], limit))


def test_a_slot_that_no_clock_in_order_gave_holds_no_device_back(
    container: Container, clock: SimulatedClock
) -> None:
    """To the microsecond where the domain says so; the device comes with its slot and epoch."""
    device = given.device(container, pace=(2, 30))
    given_due(container, device)
    farthest = farthest_slot(clock(), SOON, timedelta(seconds=30))

    for slot, may_send in (
        (clock() + timedelta(seconds=3), True),
        (clock() + timedelta(seconds=4), False),
        (farthest, False),
        (farthest + timedelta(microseconds=1), True),
        (clock() + HOUR, True),
    ):
        last_slot_is(container, device, slot)
        found = [(one.device_id, one.last_slot_at, one.epoch) for one in sending(container)]
        assert found == ([(device, slot, 4)] if may_send else []), slot
    assert slot_that_counts(farthest, farthest) == farthest


def test_a_device_whose_slot_does_not_count_does_not_wait_behind_all_others(
    container: Container, clock: SimulatedClock
) -> None:
    """Where a claim has no room for all devices those that waited longest come first. A device
    that was never given a slot that counts has waited longest."""
    ahead, waited = given.device(container, "Ahead"), given.device(container, "Waited")
    given_due(container, ahead, waited)
    last_slot_is(container, ahead, clock() + HOUR)
    last_slot_is(container, waited, clock() - HOUR)

    assert [one.device_id for one in sending(container)] == [ahead, waited]
    assert [one.device_id for one in sending(container, limit=1)] == [ahead]


@pytest.fixture
def abandoned(container: Container, clock: SimulatedClock) -> Callable[..., list[str]]:
    """The statuses of what is abandoned, where no lease can end in more than three minutes and no
    answer is awaited for more than ``patience`` seconds."""

    def ask(patience: float = 35.0) -> list[str]:
        now = clock()
        farthest, before = now + timedelta(minutes=3), now - timedelta(seconds=patience)
        with container.database.transaction() as connection:
            sweep.note_leases_ahead(connection, now, farthest)
            found = sweep.abandoned(connection, now, farthest, before, 10)
        return sorted(message.status for message in found)

    return ask


def test_a_claim_for_a_time_further_ahead_than_any_lease_is_abandoned(
    container: Container, clock: SimulatedClock, abandoned: Callable[..., list[str]]
) -> None:
    """And not one that only lasts long."""
    given.due_messages(container, 2)
    when.claims(when.broadcaster(container, Phones(clock)))
    (lease_until,) = {message.lease_until for message in then.messages(container)}

    clock.now = lease_until - timedelta(minutes=3)
    assert abandoned() == []
    clock.now -= timedelta(microseconds=1)
    assert abandoned() == ["processing", "processing"]


def test_a_call_that_a_wrong_clock_began_has_its_time_from_when_it_was_found(
    container: Container, clock: SimulatedClock, abandoned: Callable[..., list[str]]
) -> None:
    """Only then its time-out has surely passed. How often somebody looks does not matter."""
    given.due_messages(container)
    clock.advance(hours=1)
    worker = when.broadcaster(container, Phones(clock))
    when.claims(worker)
    when.dispatches(worker)
    clock.now -= HOUR

    assert abandoned() == []
    clock.advance(seconds=20)
    assert abandoned() == []
    clock.advance(seconds=14.9)
    assert abandoned() == []
    clock.advance(seconds=0.1)
    assert abandoned() == ["queued"]

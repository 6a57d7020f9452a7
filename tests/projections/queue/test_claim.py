"""What may be claimed: which devices may send, in which order, and how much of each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from projections.container import Container
from projections.queue import claim
from projections.queue.claim import Wanted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

SOON = timedelta(seconds=5)


def sending(
    container: Container,
    *,
    horizon: datetime | None = None,
    gateways: Iterable[str] = ("sandbox",),
    behind: Iterable[UUID] = (),
    limit: int = 100,
) -> list[UUID]:
    """The devices that may send, in order; ``horizon`` is in five seconds unless told otherwise."""
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        devices = claim.sending_devices(
            connection, now, horizon or now + SOON, Wanted(gateways, behind, limit)
        )
    return [device.device_id for device in devices]


def due(
    container: Container,
    *devices: UUID,
    seconds: float = 5,
    per_device: int = 100,
    limit: int = 100,
) -> list[claim.Candidate]:
    """What is due on these devices within so many seconds."""
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        return claim.messages(
            connection, devices, now, now + timedelta(seconds=seconds), per_device, limit
        )


def given_due(container: Container, count: int, *devices: UUID) -> None:
    """One campaign, due now, with so many messages to new leads on each of these devices."""
    known = then.count(container.database, "leads")
    for place, device in enumerate(devices):
        first = 1 + known + count * place
        given.many_leads(container, count, first=first, device_id=device, niche=[f"After {known}"])
    given.campaign(container, niche=(f"After {known}",))
    when.triggers(container)


# Devices


def test_a_device_that_is_online_and_has_something_due_may_send(
    container: Container, clock: SimulatedClock
) -> None:
    """With its pace, its zone and whom it calls."""
    device = given.device(
        container,
        pace=(2, 3),
        timezone="Asia/Kuala_Lumpur",
        gateway="gowa",
        settings={"base_url": "https://gowa.example.com"},
    )
    offline = given.device(container, "Offline")
    idle = given.device(container, "Idle")
    given_due(container, 1, device, offline)
    container.outreach.disconnect_device(offline, "logged out", actor="api:sales")

    with container.database.transaction() as connection:
        (found,) = claim.sending_devices(
            connection, clock(), clock() + SOON, Wanted(["gowa"], [], 10)
        )

    assert found == claim.SendingDevice(
        device, None, "Asia/Kuala_Lumpur", 2.0, 3.0, "gowa", "https://gowa.example.com"
    )
    assert idle not in sending(container, gateways=["gowa", "sandbox"])


def test_a_worker_claims_for_its_gateways_and_not_for_devices_that_are_behind(
    container: Container,
) -> None:
    """Another worker serves other gateways."""
    one, other = given.device(container, "One"), given.device(container, "Other")
    gowa = given.device(container, "Gowa", gateway="gowa")
    given_due(container, 1, one, other, gowa)

    assert set(sending(container)) == {one, other}
    assert sending(container, gateways=["gowa", "cloud"]) == [gowa]
    assert sending(container, gateways=[]) == []
    assert sending(container, behind=[one, gowa]) == [other]


def test_what_is_due_later_than_the_horizon_makes_no_device_send(
    container: Container, clock: SimulatedClock
) -> None:
    """A step that is due in five minutes."""
    device = given.device(container)
    given.journey(container)
    at = clock() + timedelta(minutes=5)

    assert sending(container, horizon=at - timedelta(microseconds=1)) == []
    assert sending(container, horizon=at) == [device]


def test_a_device_may_send_when_its_shortest_pause_is_over(
    container: Container, clock: SimulatedClock
) -> None:
    """After the latest slot that anybody ever gave it, whether it was used or not."""
    device = given.device(container, pace=(60, 90))
    given_due(container, 2, device)
    worker = when.broadcaster(container, Phones(clock))
    assert when.claims(worker) == 1
    worker.release()

    assert sending(container, horizon=clock() + timedelta(seconds=59.999)) == []
    assert sending(container, horizon=clock() + timedelta(seconds=60)) == [device]


def test_a_device_at_its_daily_limit_may_send_on_its_next_day(
    container: Container, clock: SimulatedClock
) -> None:
    """Its day ends at 16:00 UTC in Kuala Lumpur."""
    device = given.device(container, daily_limit=2, timezone="Asia/Kuala_Lumpur")
    given_due(container, 1, device)
    worker = when.broadcaster(container, Phones(clock))
    when.looks(worker)
    given_due(container, 2, device)
    assert sending(container) == [device]
    when.looks(worker)
    assert then.statuses(container) == {"sent": 2, "pending": 1}

    assert sending(container) == []
    clock.move_to(datetime.fromisoformat("2026-03-02T15:59:59Z"))
    assert sending(container) == []
    clock.move_to(datetime.fromisoformat("2026-03-02T16:00:00Z"))
    assert sending(container) == [device]


def test_devices_that_waited_longest_come_first(
    container: Container, clock: SimulatedClock
) -> None:
    """Those that never sent before all others; where there is room for some only, the others wait
    for the next claim."""
    first, second = given.device(container, "First"), given.device(container, "Second")
    worker = when.broadcaster(container, Phones(clock))
    for device in (first, second):
        given_due(container, 1, device)
        when.looks(worker)
        clock.advance(seconds=1)
    fresh = given.device(container, "Fresh")
    given_due(container, 1, first, second, fresh)

    assert sending(container) == [fresh, first, second]
    assert sending(container, limit=2) == [fresh, first]


def test_a_device_for_which_somebody_claims_is_left_to_it(container: Container) -> None:
    """And takes no other's place."""
    one, other = given.device(container, "One"), given.device(container, "Other")
    given_due(container, 1, one, other)
    first, second = sending(container)

    with container.database.engine.begin() as another:
        another.exec_driver_sql(
            "SELECT FROM device_slots WHERE device_id = %(id)s::uuid FOR UPDATE", {"id": str(first)}
        )
        assert sending(container, limit=1) == [second]


# Messages


def test_messages_come_device_by_device_in_the_order_in_which_they_are_due(
    container: Container, clock: SimulatedClock
) -> None:
    """With the place of their device; what is due later than the horizon is not among them."""
    one, other = given.device(container, "One"), given.device(container, "Other")
    for minutes in (3, 1, 2):
        given.campaign(container, name=f"{minutes}", at=clock() + timedelta(minutes=minutes))
    given.lead(container, 1, device_id=one)
    given.lead(container, 2, device_id=other)
    start = clock()
    for minutes in (1, 2, 3):
        clock.move_to(start + timedelta(minutes=minutes))
        when.triggers(container)
    given.journey(container, number=3, device_id=one)

    found = due(container, other, one)

    minutes = [start + timedelta(minutes=minutes) for minutes in (1, 2, 3)]
    assert [row.place for row in found] == [1, 1, 1, 2, 2, 2]
    assert [row.moment for row in found] == minutes * 2
    assert len(due(container, one, seconds=300)) == 4


def test_of_a_device_no_more_is_claimed_than_its_share(container: Container) -> None:
    """Nor more in all than there is room for, which the first devices take."""
    one, other = given.device(container, "One"), given.device(container, "Other")
    given_due(container, 3, one, other)

    assert [row.place for row in due(container, one, other, per_device=2)] == [1, 1, 2, 2]
    assert [row.place for row in due(container, one, other, limit=4)] == [1, 1, 1, 2]


def test_of_a_device_no_more_is_claimed_than_its_pace_fits_before_the_horizon(
    container: Container,
) -> None:
    """One now, and one after each shortest pause that has begun by then."""
    device = given.device(container, pace=(10, 30))
    given_due(container, 6, device)

    assert len(due(container, device, seconds=0)) == 1
    assert len(due(container, device, seconds=1)) == 2
    assert len(due(container, device, seconds=10)) == 2
    assert len(due(container, device, seconds=31)) == 5


def test_of_a_device_no_more_is_claimed_than_its_daily_limit_leaves(
    container: Container, clock: SimulatedClock
) -> None:
    device = given.device(container, daily_limit=5)
    given_due(container, 2, device)
    when.looks(when.broadcaster(container, Phones(clock)))
    given_due(container, 9, device)

    assert len(due(container, device)) == 3
    clock.advance(days=1)
    assert len(due(container, device)) == 5


def test_what_is_held_or_locked_is_not_claimed(container: Container) -> None:
    """A paused campaign's messages are held; whoever locks one is doing something with it."""
    device = given.device(container)
    given_due(container, 2, device)
    paused = given.campaign(container, name="Paused")
    when.triggers(container)
    assert len(due(container, device)) == 4
    container.outreach.pause_campaign(paused, actor="api:sales")
    locked, free = due(container, device)

    with container.database.engine.begin() as another:
        another.exec_driver_sql(
            "SELECT FROM broadcast_messages WHERE message_id = %(id)s::uuid FOR UPDATE",
            {"id": str(locked.message_id)},
        )
        assert [row.message_id for row in due(container, device)] == [free.message_id]

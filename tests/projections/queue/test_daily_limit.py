"""How many messages a device may be used for on a day: its daily limit, and the warm-up of a new
number."""

from __future__ import annotations

from datetime import date

import pytest

from domain.warm_up import WarmUp
from projections.container import Container
from projections.database.engine import rows
from projections.schema.expressions import DAILY_LIMIT
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.samples import utc

TEN_DAYS = WarmUp(least=50, most=500, days=10)


def limits(container: Container, first_day: date, days: int) -> list[int | None]:
    """The only device's limits of the first day and those after it."""
    limit = DAILY_LIMIT.format(day="%(first)s::date + n", now="%(now)s::timestamptz")
    with container.database.transaction() as connection:
        found = rows(
            connection,
            f"SELECT {limit} FROM devices d, generate_series(0, %(last)s) n ORDER BY n",
            first=first_day,
            last=days - 1,
            now=container.outreach.clock(),
        )
    return [row[0] for row in found]


def test_the_limit_grows_with_the_days(container: Container) -> None:
    """From 50 to 500 in ten days, rounded down, and 500 from the eleventh day on."""
    given.device(container, warm_up=TEN_DAYS)
    grown = [50, 95, 140, 185, 230, 275, 320, 365, 410, 455, 500, 500]
    assert limits(container, date(2026, 3, 2), 12) == grown


def test_a_fraction_of_a_message_is_none(container: Container) -> None:
    """5 and two thirds are 5, and 6 and a third are 6."""
    given.device(container, warm_up=WarmUp(least=5, most=7, days=3))
    assert limits(container, date(2026, 3, 2), 5) == [5, 5, 6, 7, 7]


@pytest.mark.parametrize(
    ("daily_limit", "warm_up", "expected"),
    [
        (None, None, [None, None, None]),
        (100, None, [100, 100, 100]),
        (100, TEN_DAYS, [50, 95, 100]),
        (20, TEN_DAYS, [20, 20, 20]),
    ],
)
def test_the_lower_limit_counts(
    container: Container,
    daily_limit: int | None,
    warm_up: WarmUp | None,
    expected: list[int | None],
) -> None:
    """The daily limit is never exceeded."""
    given.device(container, daily_limit=daily_limit, warm_up=warm_up)
    assert limits(container, date(2026, 3, 2), 3) == expected


def test_days_count_from_the_first_connection_in_the_devices_zone(
    container: Container, clock: SimulatedClock
) -> None:
    """20:00 on Monday in UTC is Tuesday in Kuala Lumpur; days on which it was off count too."""
    clock.move_to(utc(2026, 3, 2, 20, 0))
    device = given.device(container, warm_up=TEN_DAYS, timezone="Asia/Kuala_Lumpur")
    clock.advance(days=2)
    container.outreach.disconnect_device(device, "off", actor=given.ACTOR)
    container.outreach.connect_device(device, actor=given.ACTOR)
    assert limits(container, date(2026, 3, 2), 4) == [50, 50, 95, 140]


def test_a_number_that_was_never_connected_begins_at_the_beginning(container: Container) -> None:
    """What a preview tells of it assumes that it is connected now."""
    given.device(container, warm_up=TEN_DAYS, online=False)
    assert limits(container, date(2026, 3, 2), 2) == [50, 95]


def test_a_new_number_sends_so_many_a_day_and_no_more(
    container: Container, clock: SimulatedClock
) -> None:
    """Two, three, four, and then no more than the daily limit."""
    given.device(container, daily_limit=5, warm_up=WarmUp(least=2, most=6, days=4))
    given.many_leads(container, 25)
    given.campaign(container)
    when.triggers(container)
    worker = when.broadcaster(container, when.Phones(clock))
    for day in range(2, 8):
        clock.move_to(utc(2026, 3, day, 9, 0))
        when.plays(clock, 60, worker)

    days = [event.timestamp.date() for event in then.events(container, "message.sent")]
    assert [days.count(date(2026, 3, day)) for day in range(2, 8)] == [2, 3, 4, 5, 5, 5]


def test_a_claim_takes_no_more_than_the_day_has_left(
    container: Container, clock: SimulatedClock
) -> None:
    """Two of three are used up when there is more to claim."""
    given.device(container, warm_up=WarmUp(least=3, most=9, days=2))
    given.many_leads(container, 2)
    given.campaign(container, name="First")
    when.triggers(container)
    worker = when.broadcaster(container, when.Phones(clock))
    assert when.claims(worker) == 2
    given.many_leads(container, 9, first=3, niche=["B1"])
    given.campaign(container, name="Second", niche=("B1",))
    when.triggers(container)
    assert when.claims(worker) == 1
    when.plays(clock, 5, worker)
    assert then.statuses(container) == {"sent": 3, "pending": 8}
    clock.move_to(utc(2026, 3, 3, 0, 1))
    assert when.claims(worker) == 6


def test_the_slots_of_tomorrow_are_given_tomorrow(
    container: Container, clock: SimulatedClock
) -> None:
    """Five who look one after the other, a second before midnight: what is left of today says
    nothing of tomorrow."""
    given.device(container, pace=(0.5, 0.5), daily_limit=3)
    given.many_leads(container, 60)
    clock.move_to(utc(2026, 3, 2, 23, 59, 59))
    given.campaign(container)
    when.triggers(container)
    phones = when.Phones(clock)
    broadcasters = [when.broadcaster(container, phones, f"worker {n}") for n in range(5)]

    for each in broadcasters:
        when.claims(each)
    for each in broadcasters * 4:
        when.looks(each)
        clock.advance(seconds=1)

    days = [m.slot_day for m in then.messages(container, status="sent")]
    assert [days.count(date(2026, 3, day)) for day in (2, 3)] == [2, 3]

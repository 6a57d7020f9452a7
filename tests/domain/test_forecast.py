"""When a device will have sent what waits on it: by its pace, its days, and people's hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import Days, Waiting, last_sent
from domain.pacing import Pace
from domain.windows import ALWAYS, Hours, Window, is_open
from tests.support.samples import utc

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY = utc(2026, 3, 2, 9, 0)
MINUTE = Pace(50, 70)
UNLIMITED = Days(zone=UTC_ZONE, limit_of=lambda day: None)
OFFICE = Hours(windows=(Window(weekdays=(1, 2, 3, 4, 5), start="09:00", end="17:00"),))


def waiting(messages: int, due_at: datetime = MONDAY, **given: object) -> Waiting:
    defaults = {"pace": MINUTE, "hours": ALWAYS, "zone": UTC_ZONE, **given}
    return Waiting(messages=messages, due_at=due_at, **defaults)


def test_it_sends_at_the_average_of_its_pace() -> None:
    """Three messages, two pauses."""
    assert last_sent(MONDAY, [waiting(3)], UNLIMITED) == utc(2026, 3, 2, 9, 2)


def test_what_nobody_asked_for_is_in_the_way_only_if_it_is_due_before() -> None:
    """Ten are due already; a hundred are due tomorrow, when all is over."""
    others = [
        waiting(10, MONDAY - timedelta(hours=1), asked=False),
        waiting(100, MONDAY + timedelta(days=1), asked=False),
    ]
    assert last_sent(MONDAY, [*others, waiting(3)], UNLIMITED) == utc(2026, 3, 2, 9, 12)
    assert last_sent(MONDAY, others, UNLIMITED) is None


def test_what_does_not_fit_into_a_window_goes_in_the_next() -> None:
    """On Friday from 16:58 on two fit, and the third goes on Monday."""
    friday = utc(2026, 3, 6, 16, 58)
    assert last_sent(friday, [waiting(3, hours=OFFICE)], UNLIMITED) == utc(2026, 3, 9, 9, 0)


def test_people_elsewhere_are_awake_at_other_hours() -> None:
    """At 09:00 in UTC it is evening in Tokyo and night in New York."""
    groups = [waiting(2, hours=OFFICE, zone=zone) for zone in (TOKYO, NEW_YORK)]
    assert last_sent(MONDAY, groups[:1], UNLIMITED) == utc(2026, 3, 3, 0, 1)
    assert last_sent(MONDAY, groups[1:], UNLIMITED) == utc(2026, 3, 2, 14, 1)
    assert last_sent(MONDAY, groups, UNLIMITED) == utc(2026, 3, 3, 0, 1)


def test_the_limit_of_each_day_counts_with_what_today_has_had() -> None:
    """One is left today, three fit into tomorrow: the fifth goes on the day after."""
    days = Days(zone=UTC_ZONE, limit_of=lambda day: day.day, used=1)
    assert last_sent(MONDAY, [waiting(5)], days) == utc(2026, 3, 4, 0, 0)


def test_a_day_begins_at_midnight_where_the_device_is() -> None:
    """Tokyo's midnight is 15:00 in UTC."""
    days = Days(zone=TOKYO, limit_of=lambda day: 2)
    assert last_sent(MONDAY, [waiting(3)], days) == utc(2026, 3, 2, 15, 0)


def test_never_is_no_date() -> None:
    """No message a day, a window within the quiet hours, the end of the calendar."""
    never = Hours(windows=(Window(start="22:00", end="23:00"),), quiet=Window(start="21:00"))
    end = datetime.max.replace(tzinfo=UTC_ZONE)
    assert last_sent(MONDAY, [waiting(1)], Days(zone=UTC_ZONE, limit_of=lambda day: 0)) is None
    assert last_sent(MONDAY, [waiting(1, hours=never)], UNLIMITED) is None
    far = utc(2099, 3, 2, 9, 0)
    assert last_sent(MONDAY, [waiting(3, far)], UNLIMITED) == utc(2099, 3, 2, 9, 2)
    assert last_sent(end, [waiting(3, end)], UNLIMITED) is None


def one_by_one(start: datetime, groups: Sequence[Waiting], days: Days) -> datetime | None:
    """The same, minute by minute; every pace is a number of whole minutes."""
    left = [each.messages for each in groups]
    at, day, used, last = start, start.astimezone(days.zone).date(), days.used, None
    while any(count for count, each in zip(left, groups, strict=True) if each.asked):
        if at.astimezone(days.zone).date() != day:
            day, used = at.astimezone(days.zone).date(), 0
        limit = days.limit_of(day)
        ready = [
            (each.due_at, each.asked, index)
            for index, each in enumerate(groups)
            if left[index] and each.due_at <= at and is_open(at, each.hours, each.zone)
        ]
        if not ready or (limit is not None and used >= limit):
            at += timedelta(minutes=1)
            continue
        *_, index = min(ready)
        left[index] -= 1
        used += 1
        last = at if groups[index].asked else last
        at += timedelta(seconds=groups[index].pace.low)
    return last


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            waiting,
            st.integers(1, 6),
            st.integers(0, 40).map(lambda hours: utc(2026, 3, 7, 1) + timedelta(hours=hours)),
            pace=st.sampled_from([Pace(60, 60), Pace(3600, 3600)]),
            hours=st.sampled_from([ALWAYS, Hours(quiet=Window(start="20:00", end="08:30"))]),
            zone=st.sampled_from([UTC_ZONE, NEW_YORK, TOKYO]),
            asked=st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([None, 3, 50]),
)
def test_it_is_as_if_each_was_sent_for_itself(groups: list[Waiting], limit: int | None) -> None:
    """On the night in which New York's clocks are put on, among others."""

    def limit_of(day: date) -> int | None:
        return limit

    days, start = Days(zone=NEW_YORK, limit_of=limit_of), utc(2026, 3, 7, 1)
    assert last_sent(start, groups, days) == one_by_one(start, groups, days)

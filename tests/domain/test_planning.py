"""When is a message due: delays, local times of day and send windows, right across DST.

In 2026 New York's clocks skip 02:00-03:00 on Sunday 8 March and show 01:00-02:00 twice on Sunday
1 November.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.errors import InvalidInputError
from domain.planning import Step, Window, check_window, due_after, next_open, plan
from domain.sequence import Definition, step
from tests.support.samples import SEQUENCE, utc

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
KUALA_LUMPUR = ZoneInfo("Asia/Kuala_Lumpur")  # UTC+8 all year

OFFICE = Window(weekdays=("mon", "tue", "wed", "thu", "fri"), start="09:00", end="17:00")


def steps(*delays: float, send_at: str | None = None) -> list[Step]:
    return [Step(content_id="", body="Hi", delay_hours=hours, send_at=send_at) for hours in delays]


def test_the_first_step_comes_after_five_minutes_and_then_one_a_day() -> None:
    """What a sequence does that names no delays at all."""
    default = [step(SEQUENCE, 1, number, body="Hi") for number in (1, 2, 3)]
    first_delay = Definition(name="Welcome", trigger="COLD", steps=()).first_delay_minutes
    assert plan(utc(2026, 3, 1, 9, 0), first_delay, default, [], UTC_ZONE) == [
        utc(2026, 3, 1, 9, 5),
        utc(2026, 3, 2, 9, 5),
        utc(2026, 3, 3, 9, 5),
    ]


def test_every_step_counts_from_the_one_before() -> None:
    """The first step's own delay does not count; hours may be fractions and may be none."""
    delays = steps(99, 1.5, 0, 48)
    assert plan(utc(2026, 3, 1, 9, 0), 30, delays, [], UTC_ZONE) == [
        utc(2026, 3, 1, 9, 30),
        utc(2026, 3, 1, 11, 0),
        utc(2026, 3, 1, 11, 0, 1),
        utc(2026, 3, 3, 11, 0, 1),
    ]


def test_without_a_time_of_day_a_day_is_24_hours() -> None:
    """DST or not: only a local time of day follows the clocks."""
    assert plan(utc(2026, 3, 7, 14, 0), 0, steps(0, 24), [], NEW_YORK) == [
        utc(2026, 3, 7, 14, 0),
        utc(2026, 3, 8, 14, 0),
    ]


def test_nine_in_the_morning_before_and_after_the_clocks_go_forward() -> None:
    """09:00 in New York is 14:00 UTC in winter and 13:00 UTC from 8 March on."""
    daily = steps(24, 24, 24, send_at="09:00")
    assert plan(utc(2026, 3, 6, 14, 0), 5, daily, [], NEW_YORK) == [
        utc(2026, 3, 7, 14, 0),
        utc(2026, 3, 8, 13, 0),
        utc(2026, 3, 9, 13, 0),
    ]


def test_nine_in_the_morning_before_and_after_the_clocks_go_back() -> None:
    """09:00 in New York is 13:00 UTC in summer and 14:00 UTC from 1 November on."""
    daily = steps(24, 24, 24, send_at="09:00")
    assert plan(utc(2026, 10, 31, 12, 0), 5, daily, [], NEW_YORK) == [
        utc(2026, 10, 31, 13, 0),
        utc(2026, 11, 1, 14, 0),
        utc(2026, 11, 2, 14, 0),
    ]


@pytest.mark.parametrize(
    ("before", "hours", "expected"),
    [
        (utc(2026, 3, 2, 0, 0), 0, utc(2026, 3, 2, 1, 0)),
        (utc(2026, 3, 2, 1, 0), 0, utc(2026, 3, 2, 1, 0)),
        (utc(2026, 3, 2, 1, 0), 0.25, utc(2026, 3, 3, 1, 0)),
        (utc(2026, 3, 2, 1, 0), 24, utc(2026, 3, 3, 1, 0)),
        (utc(2026, 3, 2, 3, 0), 24, utc(2026, 3, 4, 1, 0)),
        (utc(2026, 3, 1, 15, 0), 2, utc(2026, 3, 2, 1, 0)),
    ],
)
def test_a_time_of_day_is_the_first_one_after_the_delay(
    before: datetime, hours: float, expected: datetime
) -> None:
    """09:00 in Kuala Lumpur is 01:00 UTC: the same day if the delay leaves time, else the next."""
    assert due_after(before, timedelta(hours=hours), "09:00", [], KUALA_LUMPUR) == expected


def test_a_time_that_the_clocks_skip_comes_as_much_later() -> None:
    """There is no 02:30 in New York on 8 March: it is sent at 03:30 summer time, 07:30 UTC."""
    assert due_after(utc(2026, 3, 7, 8, 0), timedelta(0), "02:30", [], NEW_YORK) == (
        utc(2026, 3, 8, 7, 30)
    )


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    """01:30 in New York on 1 November is 05:30 UTC, and again 06:30 UTC."""
    assert due_after(utc(2026, 10, 31, 6, 0), timedelta(0), "01:30", [], NEW_YORK) == (
        utc(2026, 11, 1, 5, 30)
    )


def test_a_time_of_day_never_lies_before_the_step_before() -> None:
    """At the second 01:30 of 1 November (06:30 UTC) the next 01:45 is a quarter of an hour away;
    the first 01:45 is past."""
    assert due_after(utc(2026, 11, 1, 6, 30), timedelta(0), "01:45", [], NEW_YORK) == (
        utc(2026, 11, 1, 6, 45)
    )


def test_an_hour_is_an_hour_while_the_clocks_go_forward() -> None:
    """From 01:59 (06:59 UTC) to 03:00 summer time is a minute, so an hour later is a day later."""
    assert due_after(utc(2026, 3, 8, 6, 59), timedelta(hours=1), "03:00", [], NEW_YORK) == (
        utc(2026, 3, 9, 7, 0)
    )


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (utc(2026, 3, 2, 0, 59, 59), utc(2026, 3, 2, 1, 0)),  # Monday 08:59:59
        (utc(2026, 3, 2, 1, 0), utc(2026, 3, 2, 1, 0)),  # Monday 09:00
        (utc(2026, 3, 4, 5, 17, 3, 21), utc(2026, 3, 4, 5, 17, 3, 21)),  # Wednesday 13:17
        (utc(2026, 3, 6, 8, 59, 59), utc(2026, 3, 6, 8, 59, 59)),  # Friday 16:59:59
        (utc(2026, 3, 6, 9, 0), utc(2026, 3, 9, 1, 0)),  # Friday 17:00
        (utc(2026, 3, 7, 4, 0), utc(2026, 3, 9, 1, 0)),  # Saturday noon
        (utc(2026, 3, 8, 16, 0), utc(2026, 3, 9, 1, 0)),  # Monday 00:00, still Sunday in UTC
        (utc(2026, 3, 3, 12, 0), utc(2026, 3, 4, 1, 0)),  # Tuesday 20:00
    ],
)
def test_a_closed_window_moves_it_to_the_next_opening(
    instant: datetime, expected: datetime
) -> None:
    """Monday to Friday, from 09:00 until before 17:00, in Kuala Lumpur."""
    assert next_open(instant, [OFFICE], KUALA_LUMPUR) == expected


def test_without_windows_it_is_always_open() -> None:
    """Not a microsecond is changed."""
    assert next_open(utc(2026, 3, 7, 4, 0, 0, 1), [], KUALA_LUMPUR) == (utc(2026, 3, 7, 4, 0, 0, 1))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (8, utc(2026, 3, 2, 9, 0)),
        (11, utc(2026, 3, 2, 11, 0)),
        (12, utc(2026, 3, 2, 14, 0)),
        (17, utc(2026, 3, 2, 17, 0)),
        (18, utc(2026, 3, 3, 9, 0)),
    ],
)
def test_of_several_windows_the_next_to_open_counts(
    hour: int, expected: datetime, order: int
) -> None:
    """A lunch break is two windows, in whatever order they were written."""
    windows = [Window(start="09:00", end="12:00"), Window(start="14:00", end="18:00")][::order]
    assert next_open(utc(2026, 3, 2, hour, 0), windows, UTC_ZONE) == expected


def test_a_window_of_one_weekday_may_be_a_week_away() -> None:
    """Closed on Wednesday at noon, open again on the next Wednesday."""
    wednesday = Window(weekdays=("wed",), start="10:00", end="12:00")
    assert next_open(utc(2026, 3, 4, 12, 0), [wednesday], UTC_ZONE) == utc(2026, 3, 11, 10, 0)


def test_a_window_may_be_open_until_midnight() -> None:
    """24:00 is the end of the day, and a window with no times is the whole day."""
    evening = Window(weekdays=("sat",), start="20:00", end="24:00")
    last = utc(2026, 3, 7, 23, 59, 59, 999999)
    assert next_open(last, [evening], UTC_ZONE) == last
    assert next_open(utc(2026, 3, 8, 0, 0), [evening], UTC_ZONE) == utc(2026, 3, 14, 20, 0)
    assert next_open(utc(2026, 3, 8, 5, 0), [Window(weekdays=("mon",))], UTC_ZONE) == (
        utc(2026, 3, 9, 0, 0)
    )


def test_a_window_opens_by_the_local_clock_on_both_sides_of_dst() -> None:
    """Nine in New York: 14:00 UTC on 7 March and 13:00 UTC on 8 March; back again in November."""
    morning = [Window(start="09:00", end="12:00")]
    assert next_open(utc(2026, 3, 7, 5, 0), morning, NEW_YORK) == utc(2026, 3, 7, 14, 0)
    assert next_open(utc(2026, 3, 8, 5, 0), morning, NEW_YORK) == utc(2026, 3, 8, 13, 0)
    assert next_open(utc(2026, 10, 31, 4, 0), morning, NEW_YORK) == utc(2026, 10, 31, 13, 0)
    assert next_open(utc(2026, 11, 1, 4, 0), morning, NEW_YORK) == utc(2026, 11, 1, 14, 0)


def test_a_window_never_moves_a_message_into_the_past() -> None:
    """At the second 01:10 of 1 November (06:10 UTC) a window from 01:30 opens in 20 minutes; its
    first opening, at 05:30 UTC, is past."""
    assert next_open(utc(2026, 11, 1, 6, 10), [Window(start="01:30")], NEW_YORK) == (
        utc(2026, 11, 1, 6, 30)
    )


def test_a_window_that_the_clocks_skip_does_not_open_that_day() -> None:
    """02:15 to 02:45 is no time at all on 8 March: the next one is on Monday, 06:15 UTC."""
    skipped = [Window(start="02:15", end="02:45")]
    assert next_open(utc(2026, 3, 8, 6, 0), skipped, NEW_YORK) == utc(2026, 3, 9, 6, 15)


def test_a_time_of_day_outside_the_windows_moves_on() -> None:
    """08:00 waits for nine o'clock, and Saturday for Monday."""
    windows = [OFFICE]
    friday = utc(2026, 3, 5, 16, 0)  # midnight
    at_eight = due_after(friday, timedelta(0), "08:00", windows, KUALA_LUMPUR)
    assert at_eight == utc(2026, 3, 6, 1, 0)
    saturday = due_after(friday, timedelta(hours=24), "10:00", windows, KUALA_LUMPUR)
    assert saturday == utc(2026, 3, 9, 1, 0)


def test_the_next_step_counts_from_where_the_window_put_the_one_before() -> None:
    """Enrolled on Friday night: Monday 09:00, Tuesday 09:00; distances are kept."""
    friday_night = utc(2026, 3, 6, 14, 0)
    assert plan(friday_night, 5, steps(24, 24, 4), [OFFICE], KUALA_LUMPUR) == [
        utc(2026, 3, 9, 1, 0),
        utc(2026, 3, 10, 1, 0),
        utc(2026, 3, 10, 5, 0),
    ]


@pytest.mark.parametrize(
    "window",
    [
        Window(),
        OFFICE,
        Window(start="00:00", end="00:01"),
        Window(start="23:59", end="24:00"),
        Window(weekdays=("sun",)),
    ],
)
def test_a_good_window_is_accepted(window: Window) -> None:
    """It comes back as it was."""
    assert check_window(window) == window


@pytest.mark.parametrize(
    ("window", "error"),
    [
        (Window(weekdays=()), "windows.weekdays: expected some of mon, tue, wed, thu, fri, sat"),
        (Window(weekdays=("mon", "Tue")), "windows.weekdays: expected some of mon, tue, wed"),
        (Window(start="9:00"), "windows.start: expected a local time of day as HH:MM"),
        (Window(start="24:00"), "windows.start: expected a local time of day as HH:MM"),
        (Window(end="24:01"), "windows.end: expected a local time of day as HH:MM"),
        (Window(start="17:00", end="09:00"), "windows.end: expected a time of day after windows"),
        (Window(start="09:00", end="09:00"), "windows.end: expected a time of day after windows"),
    ],
)
def test_a_bad_window_is_refused(window: Window, error: str) -> None:
    """The error names the part that is wrong."""
    with pytest.raises(InvalidInputError) as raised:
        check_window(window)
    assert str(raised.value).startswith(error)


def test_steps_without_a_delay_keep_their_order() -> None:
    """A second apart, whether or not they name the same time of day."""
    steps = [
        Step(content_id=str(n), body="x", delay_hours=0, send_at=at)
        for n, at in enumerate(("09:00", None, "09:00"))
    ]
    due = plan(utc(2026, 3, 2, 8), 0, steps, (), ZoneInfo("UTC"))
    assert [f"{at:%d %H:%M:%S}" for at in due] == ["02 09:00:00", "02 09:00:01", "03 09:00:00"]

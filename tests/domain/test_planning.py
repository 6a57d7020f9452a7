"""When is a message due: delays, local times of day and send windows, right across DST.

In 2026 New York's clocks skip 02:00-03:00 on Sunday 8 March and show 01:00-02:00 twice on Sunday
1 November.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.planning import Step, due_after, plan
from domain.sequence import Definition, step
from domain.windows import ALWAYS, Hours, Window
from tests.support.samples import SEQUENCE, utc

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
KUALA_LUMPUR = ZoneInfo("Asia/Kuala_Lumpur")  # UTC+8 all year

OFFICE = Window(weekdays=(1, 2, 3, 4, 5), start="09:00", end="17:00")


def steps(*delays: float, send_at: str | None = None) -> list[Step]:
    return [Step(content_id="", body="Hi", delay_hours=hours, send_at=send_at) for hours in delays]


def test_the_first_step_comes_after_five_minutes_and_then_one_a_day() -> None:
    """What a sequence does that names no delays at all."""
    default = [step(SEQUENCE, 1, number, body="Hi") for number in (1, 2, 3)]
    first_delay = Definition(name="Welcome", trigger="COLD", steps=()).first_delay_minutes
    assert plan(utc(2026, 3, 1, 9, 0), first_delay, default, ALWAYS, UTC_ZONE) == [
        utc(2026, 3, 1, 9, 5),
        utc(2026, 3, 2, 9, 5),
        utc(2026, 3, 3, 9, 5),
    ]


def test_every_step_counts_from_the_one_before() -> None:
    """The first step's own delay does not count; hours may be fractions and may be none."""
    delays = steps(99, 1.5, 0, 48)
    assert plan(utc(2026, 3, 1, 9, 0), 30, delays, ALWAYS, UTC_ZONE) == [
        utc(2026, 3, 1, 9, 30),
        utc(2026, 3, 1, 11, 0),
        utc(2026, 3, 1, 11, 0, 1),
        utc(2026, 3, 3, 11, 0, 1),
    ]


def test_without_a_time_of_day_a_day_is_24_hours() -> None:
    """DST or not: only a local time of day follows the clocks."""
    assert plan(utc(2026, 3, 7, 14, 0), 0, steps(0, 24), ALWAYS, NEW_YORK) == [
        utc(2026, 3, 7, 14, 0),
        utc(2026, 3, 8, 14, 0),
    ]


def test_nine_in_the_morning_before_and_after_the_clocks_go_forward() -> None:
    """09:00 in New York is 14:00 UTC in winter and 13:00 UTC from 8 March on."""
    daily = steps(24, 24, 24, send_at="09:00")
    assert plan(utc(2026, 3, 6, 14, 0), 5, daily, ALWAYS, NEW_YORK) == [
        utc(2026, 3, 7, 14, 0),
        utc(2026, 3, 8, 13, 0),
        utc(2026, 3, 9, 13, 0),
    ]


def test_nine_in_the_morning_before_and_after_the_clocks_go_back() -> None:
    """09:00 in New York is 13:00 UTC in summer and 14:00 UTC from 1 November on."""
    daily = steps(24, 24, 24, send_at="09:00")
    assert plan(utc(2026, 10, 31, 12, 0), 5, daily, ALWAYS, NEW_YORK) == [
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
    assert due_after(before, timedelta(hours=hours), "09:00", ALWAYS, KUALA_LUMPUR) == expected


def test_a_time_that_the_clocks_skip_comes_as_much_later() -> None:
    """There is no 02:30 in New York on 8 March: it is sent at 03:30 summer time, 07:30 UTC."""
    assert due_after(utc(2026, 3, 7, 8, 0), timedelta(0), "02:30", ALWAYS, NEW_YORK) == (
        utc(2026, 3, 8, 7, 30)
    )


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    """01:30 in New York on 1 November is 05:30 UTC, and again 06:30 UTC."""
    assert due_after(utc(2026, 10, 31, 6, 0), timedelta(0), "01:30", ALWAYS, NEW_YORK) == (
        utc(2026, 11, 1, 5, 30)
    )


def test_a_time_of_day_never_lies_before_the_step_before() -> None:
    """At the second 01:30 of 1 November (06:30 UTC) the next 01:45 is a quarter of an hour away;
    the first 01:45 is past."""
    assert due_after(utc(2026, 11, 1, 6, 30), timedelta(0), "01:45", ALWAYS, NEW_YORK) == (
        utc(2026, 11, 1, 6, 45)
    )


def test_an_hour_is_an_hour_while_the_clocks_go_forward() -> None:
    """From 01:59 (06:59 UTC) to 03:00 summer time is a minute, so an hour later is a day later."""
    assert due_after(utc(2026, 3, 8, 6, 59), timedelta(hours=1), "03:00", ALWAYS, NEW_YORK) == (
        utc(2026, 3, 9, 7, 0)
    )


def test_a_time_of_day_outside_the_windows_moves_on() -> None:
    """08:00 waits for nine o'clock, and Saturday for Monday."""
    hours = Hours(windows=(OFFICE,))
    friday = utc(2026, 3, 5, 16, 0)  # midnight
    at_eight = due_after(friday, timedelta(0), "08:00", hours, KUALA_LUMPUR)
    assert at_eight == utc(2026, 3, 6, 1, 0)
    saturday = due_after(friday, timedelta(hours=24), "10:00", hours, KUALA_LUMPUR)
    assert saturday == utc(2026, 3, 9, 1, 0)


def test_the_next_step_counts_from_where_the_window_put_the_one_before() -> None:
    """Enrolled on Friday night: Monday 09:00, Tuesday 09:00; distances are kept."""
    friday_night = utc(2026, 3, 6, 14, 0)
    assert plan(friday_night, 5, steps(24, 24, 4), Hours(windows=(OFFICE,)), KUALA_LUMPUR) == [
        utc(2026, 3, 9, 1, 0),
        utc(2026, 3, 10, 1, 0),
        utc(2026, 3, 10, 5, 0),
    ]


def test_steps_without_a_delay_keep_their_order() -> None:
    """A second apart, whether or not they name the same time of day."""
    steps = [
        Step(content_id=str(n), body="x", delay_hours=0, send_at=at)
        for n, at in enumerate(("09:00", None, "09:00"))
    ]
    due = plan(utc(2026, 3, 2, 8), 0, steps, ALWAYS, ZoneInfo("UTC"))
    assert [f"{at:%d %H:%M:%S}" for at in due] == ["02 09:00:00", "02 09:00:01", "03 09:00:00"]

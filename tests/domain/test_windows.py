"""When people may be written to: windows and quiet hours, by the clock on the wall, DST or not.

In 2026 New York's clocks skip 02:00-03:00 on Sunday 8 March and show 01:00-02:00 twice on Sunday
1 November.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain.errors import InvalidInputError
from domain.windows import Hours, Window, check_windows, is_open, next_open, quiet_hours
from tests.support.samples import utc

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
KUALA_LUMPUR = ZoneInfo("Asia/Kuala_Lumpur")  # UTC+8 all year

OFFICE = Window(weekdays=(1, 2, 3, 4, 5), start="09:00", end="17:00")
NIGHT = Window(weekdays=(5,), start="22:00", end="02:00")


def opens(instant: datetime, windows: Sequence[Window], zone: ZoneInfo) -> datetime | None:
    return next_open(instant, Hours(windows=tuple(windows)), zone)


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
    assert opens(instant, [OFFICE], KUALA_LUMPUR) == expected


def test_without_windows_it_is_always_open() -> None:
    """Not a microsecond is changed."""
    assert opens(utc(2026, 3, 7, 4, 0, 0, 1), [], KUALA_LUMPUR) == (utc(2026, 3, 7, 4, 0, 0, 1))


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
    assert opens(utc(2026, 3, 2, hour, 0), windows, UTC_ZONE) == expected


def test_a_window_of_one_weekday_may_be_a_week_away() -> None:
    """Closed on Wednesday at noon, open again on the next Wednesday."""
    wednesday = Window(weekdays=(3,), start="10:00", end="12:00")
    assert opens(utc(2026, 3, 4, 12, 0), [wednesday], UTC_ZONE) == utc(2026, 3, 11, 10, 0)


def test_a_window_may_be_open_until_midnight() -> None:
    """24:00 is the end of the day, and a window with no times is the whole day."""
    evening = Window(weekdays=(6,), start="20:00", end="24:00")
    last = utc(2026, 3, 7, 23, 59, 59, 999999)
    assert opens(last, [evening], UTC_ZONE) == last
    assert opens(utc(2026, 3, 8, 0, 0), [evening], UTC_ZONE) == utc(2026, 3, 14, 20, 0)
    assert opens(utc(2026, 3, 8, 5, 0), [Window(weekdays=(1,))], UTC_ZONE) == (
        utc(2026, 3, 9, 0, 0)
    )


def test_a_window_opens_by_the_local_clock_on_both_sides_of_dst() -> None:
    """Nine in New York: 14:00 UTC on 7 March and 13:00 UTC on 8 March; back again in November."""
    morning = [Window(start="09:00", end="12:00")]
    assert opens(utc(2026, 3, 7, 5, 0), morning, NEW_YORK) == utc(2026, 3, 7, 14, 0)
    assert opens(utc(2026, 3, 8, 5, 0), morning, NEW_YORK) == utc(2026, 3, 8, 13, 0)
    assert opens(utc(2026, 10, 31, 4, 0), morning, NEW_YORK) == utc(2026, 10, 31, 13, 0)
    assert opens(utc(2026, 11, 1, 4, 0), morning, NEW_YORK) == utc(2026, 11, 1, 14, 0)


def test_a_window_never_moves_a_message_into_the_past() -> None:
    """At the second 01:10 of 1 November (06:10 UTC) a window from 01:30 opens in 20 minutes; its
    first opening, at 05:30 UTC, is past."""
    assert opens(utc(2026, 11, 1, 6, 10), [Window(start="01:30")], NEW_YORK) == (
        utc(2026, 11, 1, 6, 30)
    )


def test_a_window_that_the_clocks_skip_does_not_open_that_day() -> None:
    """02:15 to 02:45 is no time at all on 8 March: the next one is on Monday, 06:15 UTC."""
    skipped = [Window(start="02:15", end="02:45")]
    assert opens(utc(2026, 3, 8, 6, 0), skipped, NEW_YORK) == utc(2026, 3, 9, 6, 15)


@pytest.mark.parametrize(
    "window",
    [
        Window(),
        OFFICE,
        Window(start="00:00", end="00:01"),
        Window(start="23:59", end="24:00"),
        Window(weekdays=(7,)),
    ],
)
def test_a_good_window_is_accepted(window: Window) -> None:
    """The one after it is the first that is wrong, by its number from 1."""
    with pytest.raises(InvalidInputError) as raised:
        check_windows([window, Window(weekdays=())])
    assert raised.value.field == "windows[2].weekdays"


@pytest.mark.parametrize(
    ("window", "error"),
    [
        (Window(weekdays=()), "windows[1].weekdays: expected some of 1 to 7, where 1 is Monday"),
        (
            Window(weekdays=(1, "Tue")),
            "windows[1].weekdays: expected some of 1 to 7, where 1 is Monday",
        ),
        (Window(start="9:00"), "windows[1].start: expected a local time of day as HH:MM"),
        (Window(start="24:00"), "windows[1].start: expected a local time of day as HH:MM"),
        (Window(end="24:01"), "windows[1].end: expected a local time of day as HH:MM"),
        (Window(start="09:00", end="09:00"), "windows[1].end: expected another time of day than"),
    ],
)
def test_a_bad_window_is_refused(window: Window, error: str) -> None:
    """The error names the part that is wrong."""
    with pytest.raises(InvalidInputError) as raised:
        check_windows([window])
    assert str(raised.value).startswith(error)


@pytest.mark.parametrize(
    ("day", "hour", "minute", "expected"),
    [
        (6, 21, 59, utc(2026, 3, 6, 22, 0)),
        (6, 22, 0, utc(2026, 3, 6, 22, 0)),
        (7, 1, 59, utc(2026, 3, 7, 1, 59)),
        (7, 2, 0, utc(2026, 3, 13, 22, 0)),
        (6, 1, 0, utc(2026, 3, 6, 22, 0)),
    ],
)
def test_a_window_that_ends_before_it_begins_crosses_midnight(
    day: int, hour: int, minute: int, expected: datetime
) -> None:
    """From Friday evening until Saturday morning; on Friday morning it is closed."""
    assert opens(utc(2026, 3, day, hour, minute), [NIGHT], UTC_ZONE) == expected


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (7, utc(2026, 3, 2, 9, 0)),
        (12, utc(2026, 3, 2, 12, 0)),
        (18, utc(2026, 3, 2, 18, 0)),
        (20, utc(2026, 3, 3, 9, 0)),
    ],
)
def test_quiet_hours_go_before_windows(hour: int, expected: datetime) -> None:
    """A window from 06:00 to 22:00, and nobody is written to from 20:00 to 09:00."""
    hours = Hours(
        windows=(Window(start="06:00", end="22:00"),), quiet=quiet_hours("20:00-09:00", "")
    )
    assert next_open(utc(2026, 3, 2, hour, 0), hours, UTC_ZONE) == expected


def test_quiet_hours_alone_are_enough() -> None:
    hours = Hours(quiet=quiet_hours(" 21:00 - 08:00 ", ""))
    assert is_open(utc(2026, 3, 2, 20, 59), hours, UTC_ZONE)
    assert not is_open(utc(2026, 3, 2, 21, 0), hours, UTC_ZONE)
    assert next_open(utc(2026, 3, 2, 23, 0), hours, UTC_ZONE) == utc(2026, 3, 3, 8, 0)


def test_windows_within_the_quiet_hours_never_open() -> None:
    hours = Hours(
        windows=(Window(start="22:00", end="23:00"),), quiet=quiet_hours("21:00-08:00", "")
    )
    assert next_open(utc(2026, 3, 2, 9, 0), hours, UTC_ZONE) is None


@pytest.mark.parametrize("written", ["", "21:00", "21-08", "21:00-21:00", "25:00-08:00", "nachts"])
def test_bad_quiet_hours_are_refused(written: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^quiet: expected local times HH:MM-HH:MM"):
        quiet_hours(written, "quiet")


def test_weekdays_that_were_stored_by_name_are_understood() -> None:
    """Earlier versions wrote them so."""
    assert Window(weekdays=("mon", "fri")).days == {1, 5}


@pytest.mark.parametrize(
    ("start", "end", "opens_at"),
    [
        ("02:15", "02:40", utc(2026, 10, 3, 15, 30)),  # 02:30 on the clock, right after the gap
        ("02:05", "02:20", utc(2026, 10, 4, 15, 5)),  # there is no such time that day
    ],
)
def test_a_window_that_begins_in_a_time_that_is_skipped(
    start: str, end: str, opens_at: datetime
) -> None:
    """On 4 October 2026 Lord Howe's clocks go from 02:00 to 02:30."""
    window = Window(start=start, end=end)
    found = opens(utc(2026, 10, 3, 12), [window], ZoneInfo("Australia/Lord_Howe"))
    assert found == opens_at

"""What holds for every plan, in every zone, at any time of the year."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.planning import Step, due_after, plan
from domain.windows import ALWAYS, WEEKDAYS, Hours, Window, next_open
from tests.support.samples import utc

SETTINGS = settings(max_examples=120, deadline=None)
QUARTER = timedelta(minutes=15)

# With and without DST; changes of an hour and of half an hour; both hemispheres.
ZONES = st.sampled_from(
    ["UTC", "Asia/Kuala_Lumpur", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe"]
).map(ZoneInfo)
NEW_YORK = ZoneInfo("America/New_York")

# Any time of the year, and often near a change of the clocks in New York or on Lord Howe.
STARTS = st.one_of(
    st.integers(0, 365 * 96).map(lambda n: utc(2026, 1, 1) + n * QUARTER),
    st.builds(
        lambda day, n: day + n * QUARTER,
        st.sampled_from(
            [utc(2026, 3, 7), utc(2026, 4, 4), utc(2026, 10, 3), utc(2026, 10, 31, 12)]
        ),
        st.integers(0, 2 * 96),
    ),
)
CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
DELAYS = st.integers(0, 96).map(lambda quarters: quarters / 4) | st.sampled_from([24.0, 48.0])


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(st.integers(0, 95))
    end = draw(st.integers(0, 96).filter(lambda end: end != start))
    return Window(
        weekdays=tuple(draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1))),
        start=f"{start // 4:02}:{start % 4 * 15:02}",
        end=f"{end // 4:02}:{end % 4 * 15:02}",
    )


@st.composite
def steps(draw: st.DrawFn) -> Step:
    send_at = draw(st.none() | CLOCK)
    return Step(content_id="", body="Hi", delay_hours=draw(DELAYS), send_at=send_at)


def is_open(instant: datetime, among: list[Window], zone: ZoneInfo) -> bool:
    """Read off the local clock on the wall: is one of the windows open?"""
    local = instant.astimezone(zone)
    now, today = local.strftime("%H:%M"), local.isoweekday()
    yesterday = 7 if today == 1 else today - 1
    for window in among:
        if window.start < window.end:
            if today in window.weekdays and window.start <= now < window.end:
                return True
        elif (today in window.weekdays and now >= window.start) or (
            yesterday in window.weekdays and now < window.end
        ):
            return True
    return False


@SETTINGS
@given(STARTS, st.lists(steps(), min_size=1, max_size=6), st.lists(windows(), max_size=2), ZONES)
@example(
    start=utc(2026, 11, 1, 6, 0),
    planned=[Step(content_id="", body="Hi", send_at="01:00")],
    among=[Window(start="01:15", end="01:30")],
    zone=NEW_YORK,
)
@example(
    start=utc(2026, 11, 1, 6, 30),
    planned=[Step(content_id="", body="Hi", send_at="01:45")],
    among=[],
    zone=NEW_YORK,
)
@example(
    start=utc(2026, 3, 8, 6, 45),
    planned=[
        Step(content_id="", body="Hi"),
        Step(content_id="", body="Hi", send_at="03:00", delay_hours=0.75),
    ],
    among=[],
    zone=NEW_YORK,
)
def test_no_step_comes_sooner_than_its_delay(
    start: datetime, planned: list[Step], among: list[Window], zone: ZoneInfo
) -> None:
    """Only a step of a day or more that names a local time may lose the hour that the clocks skip;
    all others keep their whole delay, and none is ever due before the one before it."""
    due = plan(start, 5.0, planned, Hours(windows=tuple(among)), zone)
    assert len(due) == len(planned)
    before, delay = start, timedelta(minutes=5)
    for number, (step, instant) in enumerate(zip(planned, due, strict=True)):
        if number > 0:
            delay = timedelta(hours=step.delay_hours)
        by_the_clock = step.send_at is not None and delay >= timedelta(days=1)
        skipped = timedelta(hours=1) if by_the_clock else timedelta(0)
        assert instant - before >= delay - skipped
        assert instant.utcoffset() == timedelta(0)
        before = instant


@SETTINGS
@given(STARTS, DELAYS, CLOCK, ZONES)
def test_a_local_time_of_day_is_what_the_clock_shows(
    start: datetime, hours: float, send_at: str, zone: ZoneInfo
) -> None:
    """At the due time the local clock shows it, unless the clocks skip it that day; and it is the
    first such time, not one of a day later."""
    due = due_after(start, timedelta(hours=hours), send_at, ALWAYS, zone)
    shown = due.astimezone(zone)
    if shown.strftime("%H:%M") != send_at:
        asked = datetime.combine(shown.date(), datetime.strptime(send_at, "%H:%M").time())  # noqa: DTZ007
        moved = shown.replace(tzinfo=None) - asked
        assert moved in (timedelta(minutes=30), timedelta(hours=1))
        assert asked.replace(tzinfo=zone, fold=0).utcoffset() != shown.utcoffset()
    assert due - start - timedelta(hours=hours) < timedelta(hours=25)


@SETTINGS
@given(STARTS, st.lists(windows(), min_size=1, max_size=3), ZONES)
@example(start=utc(2026, 11, 1, 6, 0), among=[Window(start="01:30")], zone=NEW_YORK)
@example(start=utc(2026, 3, 8, 6, 0), among=[Window(start="02:15", end="02:45")], zone=NEW_YORK)
def test_what_is_due_is_due_in_an_open_window(
    start: datetime, among: list[Window], zone: ZoneInfo
) -> None:
    """Never before it was due, always inside a window, and untouched where it was inside."""
    due = next_open(start, Hours(windows=tuple(among)), zone)
    assert due is not None
    assert due >= start
    assert is_open(due, among, zone)
    if is_open(start, among, zone):
        assert due == start


@SETTINGS
@given(STARTS, st.lists(windows(), min_size=1, max_size=3))
def test_a_window_delays_no_longer_than_it_must(start: datetime, among: list[Window]) -> None:
    """Walking on by quarters of an hour finds no earlier moment at which a window is open."""
    zone = ZoneInfo("Asia/Kuala_Lumpur")
    instant = start
    while not is_open(instant, among, zone):
        instant += QUARTER
    assert next_open(start, Hours(windows=tuple(among)), zone) == instant

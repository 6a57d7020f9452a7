"""When may a device send: never faster than its pace, never before now."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.pacing import (
    LastDispatch,
    Pace,
    assign_slots,
    back_off,
    farthest_lease,
    farthest_slot,
    free_at,
    slot_that_counts,
)
from tests.support.samples import NOW, utc

SETTINGS = settings(max_examples=80, deadline=None)


def shortest(low: float, high: float) -> float:
    """Chance that always picks the shortest delay."""
    return low


def longest(low: float, high: float) -> float:
    """Chance that always picks the longest delay."""
    return high


@st.composite
def paces(draw: st.DrawFn) -> Pace:
    low = draw(st.floats(0, 3600, allow_nan=False))
    return Pace(low, low + draw(st.floats(0, 3600, allow_nan=False)))


AROUND_NOW = st.integers(-7200, 7200).map(lambda seconds: NOW + timedelta(seconds=seconds))
WANTED = st.lists(st.tuples(AROUND_NOW, paces()), min_size=1, max_size=12)


def test_a_device_that_never_sent_sends_at_once() -> None:
    """The first message ever leaves now; the next ones keep the device's delay."""
    slots = assign_slots(None, [(NOW, Pace(5.0, 15.0))] * 3, shortest)
    assert slots == [utc(2026, 3, 1, 9, 0), utc(2026, 3, 1, 9, 0, 5), utc(2026, 3, 1, 9, 0, 10)]


def test_a_device_that_rested_long_enough_sends_at_once() -> None:
    """A last message of an hour ago holds nothing back."""
    slots = assign_slots(utc(2026, 3, 1, 8, 0), [(NOW, Pace(5.0, 15.0))] * 2, longest)
    assert slots == [utc(2026, 3, 1, 9, 0), utc(2026, 3, 1, 9, 0, 15)]


def test_a_device_waits_out_the_delay_since_its_last_message() -> None:
    """Three seconds after the last message, twelve of fifteen seconds are still to wait."""
    slots = assign_slots(utc(2026, 3, 1, 8, 59, 57), [(NOW, Pace(5.0, 15.0))], longest)
    assert slots == [utc(2026, 3, 1, 9, 0, 12)]


def test_slots_given_out_already_come_first() -> None:
    """A device with slots taken for the next minute goes on behind them."""
    slots = assign_slots(utc(2026, 3, 1, 9, 1), [(NOW, Pace(5.0, 15.0))] * 2, shortest)
    assert slots == [utc(2026, 3, 1, 9, 1, 5), utc(2026, 3, 1, 9, 1, 10)]


def test_every_message_waits_for_its_own_pace() -> None:
    """A slow campaign between two quick messages delays itself, and the third only by its own."""
    mixed = [(NOW, Pace(5.0, 5.0)), (NOW, Pace(60.0, 60.0)), (NOW, Pace(5.0, 5.0))]
    assert assign_slots(utc(2026, 3, 1, 9, 0), mixed, shortest) == [
        utc(2026, 3, 1, 9, 0, 5),
        utc(2026, 3, 1, 9, 1, 5),
        utc(2026, 3, 1, 9, 1, 10),
    ]


def test_no_message_leaves_before_it_is_due() -> None:
    """One that is due in a minute waits for it, and the next one keeps the delay after that."""
    soon = utc(2026, 3, 1, 9, 1)
    wanted = [(NOW, Pace(5.0, 15.0)), (soon, Pace(5.0, 15.0)), (NOW, Pace(5.0, 15.0))]
    assert assign_slots(None, wanted, shortest) == [
        utc(2026, 3, 1, 9, 0),
        utc(2026, 3, 1, 9, 1),
        utc(2026, 3, 1, 9, 1, 5),
    ]


def test_no_messages_need_no_slots() -> None:
    """Nothing to send is nothing to plan."""
    assert assign_slots(NOW, [], shortest) == []


@SETTINGS
@given(st.none() | AROUND_NOW, WANTED, st.integers(0, 2**32))
def test_no_two_messages_are_closer_than_the_minimum(
    last_slot: datetime | None, wanted: list[tuple[datetime, Pace]], seed: int
) -> None:
    """Whatever chance says: not before it is due, not sooner than the minimum, and the device is
    not idle for longer than the maximum."""
    slots = assign_slots(last_slot, wanted, random.Random(seed).uniform)
    previous = last_slot
    for slot, (earliest, pace) in zip(slots, wanted, strict=True):
        assert slot >= earliest
        if previous is None:
            assert slot == earliest
        else:
            assert slot - previous >= timedelta(seconds=pace.low)
            latest = max(earliest, previous + timedelta(seconds=pace.high))
            assert slot <= latest + timedelta(microseconds=1)
        previous = slot


@SETTINGS
@given(WANTED, st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_slots(wanted: list[tuple[datetime, Pace]], seed: int) -> None:
    """Chance comes from outside, so that a run can be repeated."""
    once = assign_slots(NOW, wanted, random.Random(seed).uniform)
    assert assign_slots(NOW, wanted, random.Random(seed).uniform) == once


@pytest.mark.parametrize(
    ("device", "asked", "expected"),
    [
        (Pace(5.0, 15.0), Pace(0.0, 0.0), Pace(5.0, 15.0)),
        (Pace(5.0, 15.0), Pace(1.0, 2.0), Pace(5.0, 15.0)),
        (Pace(5.0, 15.0), Pace(30.0, 60.0), Pace(30.0, 60.0)),
        (Pace(5.0, 15.0), Pace(10.0, 12.0), Pace(10.0, 15.0)),
        (Pace(5.0, 15.0), Pace(2.0, 40.0), Pace(5.0, 40.0)),
    ],
)
def test_a_campaign_may_ask_for_slower_never_for_faster(
    device: Pace, asked: Pace, expected: Pace
) -> None:
    """Of two paces the slower holds, end by end."""
    assert device.slower_of(asked) == expected


@SETTINGS
@given(paces(), paces())
def test_the_slower_pace_is_below_neither(one: Pace, other: Pace) -> None:
    """It does not matter who asks whom, and the result is a range again."""
    slower = one.slower_of(other)
    assert slower == other.slower_of(one)
    assert slower.low >= max(one.low, other.low)
    assert slower.high >= max(one.high, other.high)
    assert slower.low <= slower.high


@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [
        (1, 15.0, 30.0),
        (2, 30.0, 60.0),
        (3, 60.0, 120.0),
        (5, 240.0, 480.0),
        (7, 960.0, 1920.0),
        (8, 1800.0, 3600.0),
        (50, 1800.0, 3600.0),
    ],
)
def test_each_try_waits_twice_as_long_up_to_an_hour(
    attempt: int, least: float, most: float
) -> None:
    """30 seconds, a minute, two minutes, and so on; chance takes off up to half."""
    assert back_off(attempt, shortest) == least
    assert back_off(attempt, longest) == most


def test_the_back_off_can_be_set() -> None:
    """Another base and another cap give other waits."""
    assert back_off(3, longest, base=1.0, cap=100.0) == 4.0
    assert back_off(9, longest, base=1.0, cap=100.0) == 100.0


@SETTINGS
@given(st.integers(1, 1000), st.integers(0, 2**32))
def test_the_back_off_stays_within_its_bounds(attempt: int, seed: int) -> None:
    """No wait is below half of what its attempt allows at most, or above that, whatever chance
    says; and chance has a say."""
    most = min(3600.0, 30.0 * 2.0 ** min(attempt - 1, 60))
    waits = [back_off(attempt, random.Random(seed + n).uniform) for n in range(60)]
    assert most / 2 <= min(waits) < 0.75 * most < max(waits) <= most


def test_a_device_is_free_its_pause_after_the_answer() -> None:
    pause, patience = timedelta(seconds=5), timedelta(seconds=35)

    def wait(last: LastDispatch) -> float:
        return (free_at(last, pause, patience, NOW) - NOW).total_seconds()

    def ago(seconds: float) -> datetime:
        return NOW - timedelta(seconds=seconds)

    assert wait(LastDispatch(None)) == 0
    assert wait(LastDispatch(ago(3), False, ago(1))) == 4
    # Still waiting: to be looked at again after the pause, and given up with the call.
    assert wait(LastDispatch(ago(3), awaiting_answer=True)) == 5
    assert wait(LastDispatch(ago(38), awaiting_answer=True)) == 2
    assert wait(LastDispatch(ago(41), awaiting_answer=True)) == -1


def test_a_busy_device_with_a_tiny_pause_is_not_looked_at_all_the_time() -> None:
    last = LastDispatch(NOW, awaiting_answer=True)
    again = free_at(last, timedelta(milliseconds=1), timedelta(seconds=35), NOW)
    assert again == NOW + timedelta(milliseconds=50)


# Clocks that were ahead


def test_a_slot_further_ahead_than_any_could_be_given_counts_for_nothing() -> None:
    """Claims look five seconds ahead, a pause takes fifteen at most, and of two clocks that are
    right one may be a minute ahead of the database and the other a minute behind."""
    farthest = farthest_slot(NOW, timedelta(seconds=5), timedelta(seconds=15))
    assert farthest == utc(2026, 3, 1, 9, 2, 20)
    assert slot_that_counts(None, farthest) is None
    assert slot_that_counts(farthest, farthest) == farthest
    assert slot_that_counts(farthest + timedelta(microseconds=1), farthest) is None
    assert slot_that_counts(utc(2026, 2, 1, 9, 0), farthest) == utc(2026, 2, 1, 9, 0)


def test_no_lease_of_a_clock_that_is_right_ends_later_than_the_farthest() -> None:
    lease = timedelta(seconds=60)
    assert farthest_lease(NOW, timedelta(seconds=5), lease) == utc(2026, 3, 1, 9, 3, 5)


@SETTINGS
@given(WANTED, st.floats(0, 300), st.floats(-60, 60), st.floats(-60, 60), st.integers(0, 2**32))
def test_no_slot_of_a_clock_within_a_minute_is_ever_ignored(
    wanted: list[tuple[datetime, Pace]], look_ahead: float, mine: float, theirs: float, seed: int
) -> None:
    """Whatever two workers' clocks say within their minute: what one gave out holds for the
    other."""
    horizon = timedelta(seconds=look_ahead)
    their_now, my_now = NOW + timedelta(seconds=theirs), NOW + timedelta(seconds=mine)
    slots = assign_slots(None, wanted, random.Random(seed).uniform)
    given_out = [slot for slot in slots if slot <= their_now + horizon]
    for slot in given_out:
        assert slot_that_counts(slot, farthest_slot(my_now, horizon)) == slot


def test_a_dispatch_in_the_future_holds_no_device_back() -> None:
    """Nor does an answer; whichever of the two a clock that was right recorded counts."""
    pause, patience = timedelta(seconds=5), timedelta(seconds=35)
    hour, tolerated = timedelta(hours=1), timedelta(seconds=120)

    def free(last: LastDispatch) -> datetime:
        return free_at(last, pause, patience, NOW)

    assert free(LastDispatch(NOW + hour)) == NOW
    assert free(LastDispatch(NOW + hour, False, NOW + hour)) == NOW
    assert free(LastDispatch(NOW + hour, False, NOW - pause / 5)) == NOW + 4 * pause / 5
    assert free(LastDispatch(NOW - pause / 5, False, NOW + hour)) == NOW + 4 * pause / 5
    assert free(LastDispatch(NOW, False, NOW + tolerated)) == NOW + tolerated + pause


def test_a_call_of_which_only_a_wrong_clock_knows_when_it_began_is_waited_for() -> None:
    """It may be on its way: the device asks again after its pause, until somebody ends the wait."""
    last = LastDispatch(NOW + timedelta(hours=1), awaiting_answer=True)
    again = free_at(last, timedelta(seconds=5), timedelta(seconds=35), NOW)
    assert again == NOW + timedelta(seconds=5)


def test_a_dispatch_before_the_latest_one_begins_a_new_epoch() -> None:
    """Or it would not count as the latest."""
    hour = timedelta(hours=1)
    assert LastDispatch(None).next_epoch(NOW) == 0
    assert LastDispatch(NOW, epoch=3).next_epoch(NOW) == 3
    assert LastDispatch(NOW + hour, epoch=3).next_epoch(NOW) == 4
    assert LastDispatch(None).ahead(NOW) is None
    assert LastDispatch(NOW + timedelta(seconds=120)).ahead(NOW) is None
    assert LastDispatch(NOW + hour).ahead(NOW) == hour

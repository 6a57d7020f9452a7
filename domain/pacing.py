"""When a device may send: slots, the slower of two paces, and back-off after a deferral.

Randomness comes in as ``uniform(low, high)``, e.g. ``random.Random(seed).uniform``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from domain.clocks import APART

Uniform = Callable[[float, float], float]

# A call that has not begun so long after its dispatch is not made any more: by then others take it
# to be over.
GRACE = timedelta(seconds=5)

# The shortest wait before a device that awaits an answer is asked again.
SOONEST = timedelta(milliseconds=50)


class Pace(msgspec.Struct, frozen=True):
    """The least and the greatest number of seconds between two messages of one device."""

    low: float
    high: float

    @property
    def average(self) -> float:
        """How many seconds it is between two messages over time."""
        return (self.low + self.high) / 2

    def slower_of(self, other: Pace) -> Pace:
        """The device's pace for a campaign or sequence: it may ask for a slower one, never for a
        faster one."""
        return Pace(max(self.low, other.low), max(self.high, other.high))


def assign_slots(
    last_slot: datetime | None,
    wanted: Iterable[tuple[datetime, Pace]],
    uniform: Uniform,
) -> list[datetime]:
    """One slot per message of one device, in order, from ``(earliest, pace)`` pairs.

    A slot is never before the message's earliest instant, and at least a random delay within its
    pace after the slot before it. ``last_slot`` is the latest slot that the device was ever given.
    """
    slots: list[datetime] = []
    for earliest, pace in wanted:
        slot = earliest
        if last_slot is not None:
            pause = timedelta(seconds=uniform(pace.low, pace.high))
            slot = max(earliest, last_slot + pause)
        slots.append(slot)
        last_slot = slot
    return slots


def farthest_slot(
    now: datetime, look_ahead: timedelta, longest_pause: timedelta = timedelta()
) -> datetime:
    """The latest instant at which a slot may be that was given out by ``now``.

    Claims look ``look_ahead`` far, ``longest_pause`` is the device's, and whoever gave out the slot
    may be ``APART`` ahead. A later slot is of a clock that was wrong.
    """
    return now + look_ahead + longest_pause + APART


def slot_that_counts(last_slot: datetime | None, farthest: datetime) -> datetime | None:
    """``last_slot``; None if it is later than ``farthest``: then it counts for nothing, or a device
    would be silent for as long as a clock was ahead."""
    return None if last_slot is None or last_slot > farthest else last_slot


def farthest_lease(now: datetime, look_ahead: timedelta, lease: timedelta) -> datetime:
    """The latest instant at which a lease may end that was given by ``now``: it is held for
    ``lease`` beyond its last slot, which claims give out ``look_ahead`` far. A later end is of a
    clock that was wrong."""
    return farthest_slot(now, look_ahead) + lease


class LastDispatch(NamedTuple):
    """A device's latest dispatch: its instant, whether the gateway's answer is still awaited, and
    when the answer came. ``dispatched_at`` is None where the device has never dispatched.
    ``epoch`` is that of the dispatch."""

    dispatched_at: datetime | None
    awaiting_answer: bool = False
    answered_at: datetime | None = None
    epoch: int = 0

    def ahead(self, now: datetime) -> timedelta | None:
        """How far after ``now`` it was, where that is more than ``APART``: the clock of whoever
        dispatched was wrong. Else None."""
        if self.dispatched_at is None or self.dispatched_at <= now + APART:
            return None
        return self.dispatched_at - now

    def next_epoch(self, now: datetime) -> int:
        """The epoch of a dispatch at ``now``: a new one where this one is later, or the dispatch
        would not be the latest."""
        return self.epoch + (self.dispatched_at is not None and self.dispatched_at > now)


def free_at(last: LastDispatch, pause: timedelta, patience: timedelta, now: datetime) -> datetime:
    """When a device with a pause may dispatch again: ``pause`` after the latest answer.

    Two sends that are apart where they start may be closer where they arrive; only the answer says
    that one has arrived. While the answer is awaited: the instant to ask again, which is at the
    latest ``patience`` and a pause after the dispatch, because the call is surely over by then.

    An answer, or a dispatch, more than ``APART`` after ``now`` is of a clock that was wrong, and
    counts for nothing. Only while its answer is awaited the device waits: nobody knows when the
    call began, and the reaper ends the wait.
    """
    if last.dispatched_at is None:
        return now
    if last.awaiting_answer:
        return min(now + max(pause, SOONEST), last.dispatched_at + patience + pause)
    for latest in (last.answered_at, last.dispatched_at):
        if latest is not None and latest <= now + APART:
            return latest + pause
    return now


def patience(gateway_timeout: float) -> timedelta:
    """How long after a dispatch the call of the gateway is surely over, which may take
    ``gateway_timeout`` seconds."""
    return GRACE + timedelta(seconds=gateway_timeout)


def back_off(attempt: int, uniform: Uniform, base: float = 30.0, cap: float = 3600.0) -> float:
    """Seconds to wait after attempt number ``attempt``, from 1, of which ``cap`` is the most.

    The wait doubles with every attempt. It is random between the half and the whole, so that many
    messages that failed together do not come back together.
    """
    ceiling = min(cap, base * 2.0 ** min(attempt - 1, 100))
    return uniform(ceiling / 2, ceiling)

"""How far the steps of one enrollment are apart, as they were sent.

A step that was late puts off those after it, and two are never on their way at once. What failed or
was cancelled is no step: the next one keeps its own delay after the one that was sent last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from domain import planning
from domain.message.state import Status
from domain.planning import APART, Sent, Step
from domain.windows import ALWAYS

# How long a step waits at the most until it is looked at again whether the one before it was sent.
PATIENCE = timedelta(minutes=10)
WAITING: tuple[Status, ...] = ("pending", "processing", "queued")


class Other(NamedTuple):
    """Another step of an enrollment, by its number: its message's status, when that is due and was
    planned, and when it was dispatched and answered last."""

    step: int
    status: Status
    due_at: datetime
    scheduled_at: datetime
    queued_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def is_on_its_way(self) -> bool:
        """Whether it may still be sent."""
        return self.status in WAITING

    @property
    def at(self) -> datetime:
        """When it was sent, as far as anybody knows, or will be."""
        match self.status:
            case "sent" | "unknown":
                return self.answered_at or self.queued_at or self.due_at
            case "queued":
                return self.queued_at or self.due_at
            case _:
                return self.due_at


def before(number: int, others: Iterable[Other], steps: Sequence[Step]) -> list[Other]:
    """Those of ``others`` that were dispatched, and those that may be and come before step
    ``number`` in the order of ``steps``."""
    places = {step.number: place for place, step in enumerate(steps)}
    if number not in places:
        return []
    return [each for each in others if _comes_before(each, places[number], places)]


def earliest(
    number: int,
    others: Sequence[Other],
    steps: Sequence[Step],
    zone: ZoneInfo,
    now: datetime,
) -> datetime | None:
    """When step ``number`` may be sent at the earliest, by what comes before it in the order of
    ``steps``; None where nothing was sent, and nothing will be. ``others`` are the other steps of
    the enrollment, in any order."""
    places = {step.number: place for place, step in enumerate(steps)}
    alive = before(number, others, steps)
    if number not in places or not alive:
        return None
    last = max(alive, key=lambda each: (each.at, places.get(each.step, -1)))
    on_its_way = [each for each in alive if each.is_on_its_way]
    at = max(last.at, now) if on_its_way else last.at
    here, place = places[number], places.get(last.step)
    sent = Sent(at, last.scheduled_at, None if place is None else steps[place].send_at)
    step = steps[here]
    if place is not None and place > here:
        # It is sent again, after one that comes after it: as far from that as that was from it.
        step = msgspec.structs.replace(steps[place], send_at=None)
    (due,) = planning.follow(sent, [step], ALWAYS, zone)
    if not on_its_way:
        return due
    # The longer that step has been due, the longer nobody looks again.
    overdue = now - min(each.due_at for each in on_its_way)
    return max(due, now + min(max(APART, overdue / 4), PATIENCE))


def _comes_before(other: Other, here: int, places: Mapping[int, int]) -> bool:
    if other.status in ("failed", "cancelled"):
        return False
    was_dispatched = other.status not in ("pending", "processing")
    # What is pending of a step that was removed is never sent.
    return was_dispatched or places.get(other.step, here) < here

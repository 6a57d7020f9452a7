"""A changed sequence, for those who are on their way through it.

What is pending of the changed steps, and of those after them, is planned anew from what was sent.
Nothing that a worker holds is moved: the send check keeps the distances of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import enrollment, message, planning, zones
from domain.distances import Other
from domain.enrollment import Enrollment
from domain.event import Event
from domain.message import Message
from domain.planning import Sent, Step
from domain.sequence import (
    Definition,
    SequenceRevised,
    SequenceStepAdded,
    SequenceStepRemoved,
    SequenceStepRevised,
)
from domain.sequence import Sequence as State
from domain.windows import Hours
from domain.zones import House

# Less than that is the pace of a device, and shows in no plan.
WORTH_IT = timedelta(minutes=1)


class Journey(NamedTuple):
    """An active enrollment, its lead as it is now, and its messages in any order. ``phone`` is in
    E.164. ``device_id`` is the device that writes to the lead before all others, None without such
    a one in service."""

    enrollment: Enrollment
    enrolled_at: datetime
    lead_version: int
    phone: str
    timezone: str | None
    messages: Sequence[Message]
    device_id: UUID | None = None


def first_changed(events: Iterable[Event], definition: Definition) -> int | None:
    """The first place, from 0, from which on steps are planned anew after ``events``, which made
    ``definition`` what it is; None where none is."""
    places = {step.number: place for place, step in enumerate(definition.steps)}
    changed: list[int | None] = []
    for event in events:
        match event:
            case SequenceStepRevised() if event.replans:
                changed.append(places.get(event.number))
            case SequenceStepAdded():
                changed.append(places.get(event.step.number))
            # What came after it may have been removed too: that event says what comes then.
            case SequenceStepRemoved() if event.then is not None:
                changed.append(places.get(event.then))
            case SequenceRevised() if event.replans:
                changed.append(0)
    return min((place for place in changed if place is not None), default=None)


class Replanner:
    """Plans journeys through one ``sequence`` anew.

    ``changes`` are the events of the sequence after version 1. ``house`` is what holds for
    everybody.
    """

    def __init__(self, sequence: State, changes: Sequence[Event], house: House) -> None:
        self._sequence = sequence
        self._changes = changes
        self._house = house
        self._places: dict[int, int | None] = {}

    def replan(self, journey: Journey, *, now: datetime, actor: str) -> list[Event]:
        """The events of the enrollment and of its messages. Nothing follows where it is planned by
        the sequence as it is."""
        state, sequence = journey.enrollment, self._sequence
        if state.sequence_version >= sequence.plan_version:
            return []
        steps = {step.number for step in sequence.definition.steps}
        events: list[Event] = [
            message.cancel(each, "step_removed", now=now, actor=actor)
            for each in journey.messages
            if each.step not in steps and each.status == "pending"
        ]
        removed = len(events)
        added = 0
        for number, at, present in self._due(journey, now):
            if present is None:
                added += 1
                events.append(self._schedule(journey, number, at, now, actor))
            elif at != present.scheduled_at:
                events.append(message.reschedule(present, at, "revised", now=now, actor=actor))
        planned = enrollment.replan(
            state, sequence.plan_version, added=added, removed=removed, now=now, actor=actor
        )
        return [*planned, *events]

    def _due(
        self, journey: Journey, now: datetime
    ) -> Iterable[tuple[int, datetime, Message | None]]:
        """The steps that are planned, by number: when each is due, and its message if there is
        one."""
        definition = self._sequence.definition
        first = self._first_place(journey.enrollment.sequence_version)
        if first is None:
            return
        zone = zones.of_recipient(journey.timezone, definition.timezone, journey.phone, self._house)
        hours = Hours(windows=definition.windows, quiet=self._house.quiet)
        messages = {each.step: each for each in journey.messages}
        numbers = {step.number for step in definition.steps}
        passed = max(
            (
                place
                for place, step in enumerate(definition.steps)
                if step.number in messages and _was_dispatched(messages[step.number])
            ),
            default=-1,
        )
        last: Sent | None = None
        for each in journey.messages:
            if each.step not in numbers and _was_dispatched(each):
                last = _later(last, _sent(each, None))
        for place, step in enumerate(definition.steps):
            present = messages.get(step.number)
            planned = present.status == "pending" if present is not None else True
            if place <= passed or place < first or not planned:
                if present is not None:
                    last = _after(last, present, step)
                continue
            at = self._moment(journey, last, step, hours, zone)
            at = not_before(now, at, step, hours, zone)
            if present is not None:
                at = max(at, present.retry_at or at)
                if abs(at - present.scheduled_at) < WORTH_IT:
                    at = present.scheduled_at
            last = Sent(at, at, step.send_at)
            yield step.number, at, present

    def _first_place(self, version: int) -> int | None:
        if version not in self._places:
            later = [each for each in self._changes if each.originator_version > version]
            self._places[version] = first_changed(later, self._sequence.definition)
        return self._places[version]

    def _moment(
        self, journey: Journey, last: Sent | None, step: Step, hours: Hours, zone: ZoneInfo
    ) -> datetime:
        """When the step is due: after ``last``, or as the first of all."""
        if last is not None:
            (at,) = planning.follow(last, [step], hours, zone)
            return at
        delay = timedelta(minutes=self._sequence.definition.first_delay_minutes)
        return planning.due_after(journey.enrolled_at, delay, step.send_at, hours, zone)

    def _schedule(
        self, journey: Journey, number: int, at: datetime, now: datetime, actor: str
    ) -> Event:
        return message.schedule_for_step(
            journey.enrollment.id,
            journey.enrolled_at,
            self._sequence.id,
            number,
            journey.enrollment.lead_id,
            journey.lead_version,
            journey.device_id or _device(journey.messages),
            at,
            now=now,
            actor=actor,
        )


def _was_dispatched(each: Message) -> bool:
    return each.status in ("queued", "sent", "unknown")


def _sent(each: Message, send_at: str | None) -> Sent:
    due = each.send_at or each.retry_at or each.scheduled_at
    queued, answered = each.queued_at, each.answered_at
    known = Other(each.step, each.status, due, each.scheduled_at, queued, answered)
    return Sent(known.at, each.scheduled_at, send_at)


def _later(last: Sent | None, other: Sent) -> Sent:
    return other if last is None or other.at >= last.at else last


def _after(last: Sent | None, present: Message, step: Step) -> Sent | None:
    """What the next step comes after, where this one is before it and is not planned anew.

    What failed or was cancelled is no step. But where nothing was sent before it, it keeps its
    place in the plan: the next one does not come at once.
    """
    if present.status not in ("failed", "cancelled"):
        return _later(last, _sent(present, step.send_at))
    if last is None:
        return Sent(present.scheduled_at, present.scheduled_at, step.send_at)
    return last


def not_before(now: datetime, at: datetime, step: Step, hours: Hours, zone: ZoneInfo) -> datetime:
    """``at``, or where that has passed, the next moment: now, or the step's local time."""
    if at >= now:
        return at
    return planning.due_after(now, timedelta(), step.send_at, hours, zone)


def _device(messages: Sequence[Message]) -> UUID:
    """Who writes to the person: what still waits says so first, then what was sent last."""
    return max(messages, key=lambda each: (each.status == "pending", each.scheduled_at)).device_id

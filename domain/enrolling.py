"""How a lead enters sequences: its enrollments, a message for every step, and the triggers that it
gives for them. The enroller and the operators' command ask here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain import enrollment, lead, planning, zones
from domain.branches import fates
from domain.enrollment import Enrollment, LeadEnrolled, StopReason
from domain.event import Event
from domain.message import schedule_for_step
from domain.sequence import Reentry, Sequence
from domain.windows import Hours
from domain.zones import House

# Why an enrollment ended that is never begun again under ``after_completion``: the person said no.
REFUSALS: tuple[StopReason, ...] = ("opted_out", "erased")


class Entrant(NamedTuple):
    """A lead that enters, as it is now."""

    lead_id: UUID
    version: int
    triggers: tuple[str, ...]
    timezone: str | None
    phone: str


class Entry(NamedTuple):
    """What it enters: the sequence, for the ``number``-th time, from 1, and the device that will
    write to the lead. ``trigger`` is the sequence's as the lead has it; None where the lead does
    not have it, and a person enrolls it."""

    sequence: Sequence
    number: int
    trigger: str | None
    device_id: UUID


class Plans:
    """The moments of sequences' steps for leads that enter at one instant, each made once for every
    sequence and time zone."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._plans: dict[tuple[UUID, str], list[datetime]] = {}

    def of(self, person: Entrant, sequence: Sequence, now: datetime) -> list[datetime]:
        """When each of the sequence's steps is due for a lead that enters now."""
        definition = sequence.definition
        zone = zones.of_recipient(person.timezone, definition.timezone, person.phone, self._house)
        key = sequence.id, str(zone)
        if key not in self._plans:
            hours = Hours(windows=definition.windows, quiet=self._house.quiet)
            self._plans[key] = planning.plan(
                now, definition.first_delay_minutes, definition.steps, hours, zone
            )
        return self._plans[key]


def keeps_out(reentry: Reentry, earlier: Enrollment) -> bool:
    """Whether this ``earlier`` enrollment keeps the lead from entering the sequence again.

    With ``once`` it always does, with ``always`` never. With ``after_completion`` it does until it
    has ended, for whatever reason, and for good where it ended because the person said no.
    ``readmodels.leads.enrollable`` asks the same in SQL.
    """
    if reentry == "always":
        return False
    return reentry == "once" or earlier.status == "active" or earlier.reason in REFUSALS


def enter(
    person: Entrant, entries: Iterable[Entry], plans: Plans, *, now: datetime, actor: str
) -> list[Event]:
    """All events of one lead that enters now: the enrollments with their messages, then what takes
    the triggers from the lead. ``plans`` keeps what is planned at ``now`` for other leads too."""
    events: list[Event] = []
    consumed: dict[str, list[UUID]] = {}
    for entry in entries:
        definition = entry.sequence.definition
        began = enrollment.enroll(
            lead_id=person.lead_id,
            lead_version=person.version,
            sequence_id=entry.sequence.id,
            sequence_version=entry.sequence.version,
            entry=entry.number,
            trigger="" if entry.trigger is None else definition.trigger,
            steps=len(definition.steps),
            now=now,
            actor=actor,
        )
        events.append(began)
        events.extend(_schedule(person, entry, began, plans, now, actor))
        if entry.trigger is not None:
            consumed.setdefault(entry.trigger, []).append(began.originator_id)
    state = lead.Tagged(person.lead_id, person.version, person.triggers)
    for trigger, enrollment_ids in consumed.items():
        for event in lead.consume_trigger(
            state, trigger, tuple(enrollment_ids), now=now, actor=actor
        ):
            events.append(event)
            state = lead.Tagged(state.id, event.originator_version, state.triggers)
    return events


def _schedule(
    person: Entrant,
    entry: Entry,
    began: LeadEnrolled,
    plans: Plans,
    now: datetime,
    actor: str,
) -> list[Event]:
    """The event that schedules a message, for every step of the sequence."""
    decided_by = fates.decided_by(entry.sequence.definition.steps)
    return [
        schedule_for_step(
            began.originator_id,
            began.timestamp,
            entry.sequence.id,
            step.number,
            person.lead_id,
            person.version,
            entry.device_id,
            scheduled_at,
            decided_by[step.number],
            now=now,
            actor=actor,
        )
        for step, scheduled_at in zip(
            entry.sequence.definition.steps, plans.of(person, entry.sequence, now), strict=True
        )
    ]

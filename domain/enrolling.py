"""How a lead enters sequences: its enrollments, a message for every step, and the triggers that it
gives for them. The enroller and the operators' command ask here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain import enrollment, lead, planning, values
from domain.enrollment import Enrollment, LeadEnrolled, StopReason
from domain.event import Event
from domain.message import schedule_for_step
from domain.sequence import Reentry, Sequence

# The moments of a sequence's steps, by sequence and time zone, for leads that enter at one instant.
Plans = dict[tuple[UUID, str], list[datetime]]

# Why an enrollment ended that is never begun again under ``after_completion``: the person said no.
REFUSALS: tuple[StopReason, ...] = ("opted_out", "erased")


class Entrant(NamedTuple):
    """A lead that enters, as it is now, and the device that will write to it."""

    lead_id: UUID
    version: int
    triggers: tuple[str, ...]
    timezone: str | None
    device_id: UUID


class Entry(NamedTuple):
    """What it enters: the sequence, for the ``number``-th time, from 1. ``trigger`` is the
    sequence's as the lead has it; None where the lead does not have it, and a person enrolls it."""

    sequence: Sequence
    number: int
    trigger: str | None


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
        events.extend(_schedule(person, entry.sequence, began, plans, now, actor))
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
    sequence: Sequence,
    began: LeadEnrolled,
    plans: Plans,
    now: datetime,
    actor: str,
) -> list[Event]:
    """The event that schedules a message, for every step of the sequence."""
    definition = sequence.definition
    zone = person.timezone or definition.timezone or "UTC"
    due = plans.get((sequence.id, zone))
    if due is None:
        due = plans[sequence.id, zone] = planning.plan(
            now,
            definition.first_delay_minutes,
            definition.steps,
            definition.windows,
            values.zone(zone),
        )
    return [
        schedule_for_step(
            began.originator_id,
            sequence.id,
            number,
            person.lead_id,
            person.version,
            person.device_id,
            scheduled_at,
            now=now,
            actor=actor,
        )
        for number, scheduled_at in enumerate(due, start=1)
    ]

"""What a sequence would have done in a span that is over, beside what really happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec

from domain import audience, enrolling, past_entries, queue_forecast, sequence, values
from domain.branches import fates
from domain.device_choice import UNTIED
from domain.enrolling import Entrant
from domain.enrollment import Enrollment
from domain.errors import InvalidInputError, NotFoundError
from domain.event import Event
from domain.forecast import Days
from domain.pacing import Pace
from domain.past_entries import Entered
from domain.queue_forecast import Line, Queued
from domain.segment_matching import History
from domain.sequence_definition import Definition
from domain.zones import House
from projections.audit import event_log
from projections.database.engine import Database, uuids
from projections.queries import device_lines
from projections.readmodels import devices, leads, segments, sequences
from projections.rebuild.rebuild import Progress
from projections.what_if import queues, real
from projections.what_if.answer import Answer, LeftOut, answer
from projections.what_if.snapshot import Snapshot

# What ids of sequences that nobody saved follow from.
_NEW = UUID("5d1c2c4e-5f0a-4d0e-8b39-0c5a1f6c7a11")
# Leads whose events are read at once.
CHUNK = 1000


class Span(NamedTuple):
    """From ``since`` until before ``until``."""

    since: datetime
    until: datetime


def span(now: datetime, days: int | None, since: datetime | None, until: datetime | None) -> Span:
    """The last ``days`` days, or from ``since`` until ``until``, which is now if it is not given.
    Raises InvalidInputError unless it is one of both, and over."""
    until = until or now
    if (days is None) == (since is None):
        raise InvalidInputError("days", "either days, or since and until")
    found = Span(since or until - timedelta(days=days or 0), until)
    if not found.since < found.until <= now:
        raise InvalidInputError("since", "an instant before until, which has passed")
    return found


def changes(data: dict[str, Any]) -> dict[str, Any]:
    """The changes that JSON of the form of ``POST /sequences`` asks for, as ``definition`` takes
    them. Raises InvalidInputError."""
    known = set(Definition.__struct_fields__) - {"segment"}
    if unknown := data.keys() - known:
        raise InvalidInputError(min(unknown), f"one of {', '.join(sorted(known))}")
    whole = {"name": "What if", "trigger": "", **data, "steps": []}
    try:
        made = msgspec.structs.asdict(msgspec.convert(whole, Definition))
        steps = msgspec.convert(data.get("steps", []), list[dict[str, Any]])
    except msgspec.ValidationError as error:
        raise InvalidInputError("sequence", f"as in POST /sequences: {error}") from None
    return {**{name: made[name] for name in data}, **({"steps": steps} if steps else {})}


def definition(
    seen: Snapshot, sequence_id: UUID | None, changes: dict[str, Any]
) -> tuple[UUID, Definition]:
    """The sequence of that id with these ``changes``, or a new one, under the id that follows from
    them. Steps are given as the fields of ``sequence.step``. Raises NotFoundError and
    InvalidInputError."""
    id_ = sequence_id or uuid5(_NEW, msgspec.json.encode(changes, order="sorted").decode())
    if "steps" in changes:
        steps = enumerate(changes["steps"], start=1)
        changes = {
            **changes,
            "steps": tuple(sequence.step(id_, 1, number, **step) for number, step in steps),
        }
    if (low := changes.get("min_delay_seconds")) is not None:
        changes = {"max_delay_seconds": low, **changes}
    present = Definition(name="What if", trigger="", steps=())
    if sequence_id is not None:
        found = sequences.by_id(seen.connection, uuids([sequence_id])).get(sequence_id)
        if found is None:
            raise NotFoundError("sequence", sequence_id)
        present = found.definition
    made = msgspec.structs.replace(present, **changes)
    if "segment_id" in changes and made.segment_id is not None:
        segment = segments.by_id(seen.connection, made.segment_id)
        if segment is None:
            raise InvalidInputError("segment_id", "the id of a segment")
        made = msgspec.structs.replace(made, segment=segment)
    return id_, sequence.check(made)


def what_if(
    database: Database,
    seen: Snapshot,
    sequence_id: UUID,
    definition: Definition,
    over: Span,
    house: House,
    cap: int | None,
    progress: Progress = lambda done, total: None,
) -> Answer:
    """Who would have entered the sequence in the span, had it been active all the time, and which
    steps would have been sent when; ``real`` is what the sequence of that id did. ``progress`` is
    told how many leads were looked at. The definition is one of ``definition``."""
    path = fates.without_answers(definition.steps)
    planned = msgspec.structs.replace(definition, steps=tuple(path))
    state = sequence.Sequence(id=sequence_id, version=1, status="active", definition=planned)
    statuses = devices.statuses(seen.connection)
    senders = audience.Senders(statuses, device_ids=definition.device_ids)
    retired = devices.retired(statuses)
    owner = queues.Owner(
        house,
        definition.windows,
        definition.timezone,
        Pace(definition.min_delay_seconds, definition.max_delay_seconds),
        ignore_cap=definition.ignore_cap,
    )
    queued: list[Queued] = []
    left_out: list[LeftOut] = []
    steps: dict[UUID, int] = {}
    stops: dict[UUID, str] = {}
    people = real.triggered(seen, definition.trigger)
    for first in range(0, len(people), CHUNK):
        chunk = people[first : first + CHUNK]
        ties = leads.ties(seen.connection, chunk, retired)
        plans: defaultdict[datetime, enrolling.Plans] = defaultdict(lambda: enrolling.Plans(house))
        for number, entered in _entered(database, seen, chunk, sequence_id, definition, over):
            lead = entered.lead
            tied = ties.get(lead.id, UNTIED)._replace(own=lead.profile.device_id)
            sender = senders.admit(lead.id, tied, opted_out=False)
            if not isinstance(sender, UUID):
                left_out.append(LeftOut(lead.id, sender))
                continue
            person = Entrant(
                lead.id, lead.version, lead.triggers, lead.profile.timezone, lead.phone
            )
            terms = owner.terms(lead.profile.timezone, lead.phone)
            due = plans[entered.at].of(person, state, entered.at)
            for step, due_at in zip(path, due, strict=True):
                id_ = uuid5(lead.id, f"{number} {step.number}")
                steps[id_] = step.number
                end = over.until
                if entered.stop is not None and entered.stop.at < end:
                    end, stops[id_] = entered.stop
                queued.append(Queued(id_, lead.id, sender, due_at, due_at, terms, end))
        progress(min(first + CHUNK, len(people)), len(people))
    left = queue_forecast.play(over.since, _lines(seen, queued, over), queued, cap)
    sent: list[queue_forecast.Left] = []
    for each in left:
        if each.why == "expired":
            id_ = each.message.message_id
            reason = stops.get(id_, "later")
            left_out.append(LeftOut(each.message.lead_id, reason, steps[id_]))
        else:
            sent.append(each)
    zone = values.zone(house.timezone)
    happened = real.happened(seen, sequence_id, over.since, over.until, zone)
    question = ("sequence", sequence_id, definition, over, house, cap)
    return answer(question, seen, sent, left_out, zone, steps, happened)


def _entered(
    database: Database,
    seen: Snapshot,
    people: Sequence[UUID],
    sequence_id: UUID,
    definition: Definition,
    over: Span,
) -> Iterator[tuple[int, Entered]]:
    """Each entry of these people, numbered for each of them."""
    streams: dict[UUID, list[Event]] = {}
    for position, event in event_log.history(database, people):
        if position <= seen.position:
            streams.setdefault(event.originator_id, []).append(event)
    before = real.enrollments(seen, people, sequence_id, over.since)
    pasts: Callable[[UUID, datetime], History] = real.histories(
        seen, people if definition.segment is not None else [], streams
    )
    for lead_id, events in streams.items():
        keeps_out = partial(_keeps_out, definition, before.get(lead_id, []), sequence_id)
        found = past_entries.entries(
            events, definition, over.since, over.until, partial(pasts, lead_id), keeps_out
        )
        yield from enumerate(found, start=1)


def _keeps_out(
    definition: Definition,
    before: Sequence[tuple[datetime | None, str | None]],
    sequence_id: UUID,
    at: datetime,
    entered: Sequence[Entered],
) -> bool:
    """Whether an enrollment ``before`` the span, or one that would have been, keeps the lead out
    ``at`` an instant, by the sequence's policy."""
    ends = [*before]
    for each in entered:
        hours = sum(step.delay_hours for step in definition.steps[1:])
        length = timedelta(minutes=definition.first_delay_minutes, hours=hours)
        stop = each.stop
        ends.append((each.at + length, None) if stop is None else (stop.at, stop.reason))
    return any(
        enrolling.keeps_out(
            definition.reentry,
            Enrollment(
                id=sequence_id,
                version=1,
                status="active" if ended_at is None or ended_at > at else "stopped",
                lead_id=sequence_id,
                sequence_id=sequence_id,
                entry=1,
                steps=len(definition.steps),
                reason=reason,
            ),
        )
        for ended_at, reason in ends
    )


def _lines(seen: Snapshot, queued: Sequence[Queued], over: Span) -> dict[UUID, Line]:
    """The devices with nothing else to do, whatever their status is by now."""
    ids = {message.device_id for message in queued}
    lines = {}
    for row in device_lines.read(seen.connection, ids, over.since):
        days = device_lines.days(row)
        unused = Days(zone=days.zone, limit_of=days.limit_of, used=0)
        lines[row.device_id] = Line(device_lines.pace(row), unused, None)
    return lines

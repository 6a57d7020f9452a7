"""What a campaign that nobody saved would do, by the rules of the campaigner and the
broadcaster."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import msgspec

from domain import values
from domain.campaign import Campaign
from domain.campaign import definition as campaign_definition
from domain.campaign.definition import Definition
from domain.errors import InvalidInputError
from domain.message.state import campaign_message_id
from domain.pacing import Pace
from domain.queue_forecast import Queued
from domain.zones import House
from projections.queries.preview_audience import admitted
from projections.readmodels import segments
from projections.what_if import queues
from projections.what_if.answer import Answer, LeftOut, answer
from projections.what_if.snapshot import Snapshot


def what_if(seen: Snapshot, definition: Definition, house: House, cap: int | None) -> Answer:
    """Who would get the campaign, from which device and when, if it had been scheduled at the
    instant of the snapshot; one without a time starts then. A person gets at most ``cap`` messages
    in a day.

    Raises InvalidInputError naming a field of the definition that is wrong, such as a segment that
    there was not at the instant of the snapshot.
    """
    named = definition.segment_id
    if named is not None and segments.by_id(seen.connection, named) is None:
        raise InvalidInputError("segment_id", "the id of a segment that there is, or was then")
    # Its id decides who is held out: the same question must leave out the same people.
    id_ = UUID(bytes=sha256(msgspec.json.encode(definition, order="sorted")).digest()[:16])
    asked = definition = campaign_definition.check(id_, 1, definition)
    if definition.scheduled_at is None:
        definition = msgspec.structs.replace(definition, scheduled_at=seen.at)
    starts_at = campaign_definition.starts_at(definition)
    values.in_the_calendar("scheduled_at", starts_at)
    start = max(seen.at, starts_at)
    undo_until = start + timedelta(seconds=definition.undo_seconds)
    pace = Pace(definition.min_delay_seconds, definition.max_delay_seconds)
    owner = queues.Owner(
        house, definition.windows, definition.timezone, pace, ignore_cap=definition.ignore_cap
    )
    state = Campaign(id=id_, version=1, status="pending", definition=definition)
    queued: list[Queued] = []
    left_out: list[LeftOut] = []
    for each in admitted(seen.connection, state, start, saved=False):
        lead_id = each.row.lead_id
        if not isinstance(each.sender, UUID):
            left_out.append(LeftOut(lead_id, each.sender))
            continue
        terms = owner.terms(each.row.timezone, each.row.phone)
        due_at = campaign_definition.due_at(definition, terms.zone)
        queued.append(
            Queued(
                campaign_message_id(id_, starts_at, lead_id),
                lead_id,
                each.sender,
                max(due_at, undo_until),
                due_at,
                terms,
                campaign_definition.expires_at(definition, due_at),
            )
        )
    left = queues.play(seen.connection, queued, seen.at, house, cap)
    return answer(
        ("campaign", asked, house, cap), seen, left, left_out, values.zone(house.timezone)
    )

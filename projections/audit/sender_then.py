"""Which device would have written to a lead at an earlier point of the log."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from domain import audience, device, lead, message, rendering
from domain.campaign.definition import Definition
from domain.device import Device
from domain.device_choice import Ties
from domain.event import Event
from projections.audit import event_log
from projections.database.engine import Database, rows
from projections.readmodels import devices


def exclusion_then(
    database: Database, person: lead.Lead, campaign_id: UUID, written: Definition, number: int
) -> str:
    """Why no message of the campaign was planned for ``person``, who matched, before the event of
    that notification id; the campaign was as ``written``."""
    with database.transaction() as connection:
        device_ids = devices.statuses(connection)
        message_ids = rows(
            connection,
            "SELECT message_id FROM broadcast_messages WHERE lead_id = %(id)s",
            id=str(person.id),
        )
    streams: dict[UUID, list[Event]] = defaultdict(list)
    for place, event in event_log.history(
        database, [*device_ids, *(row[0] for row in message_ids)]
    ):
        if place < number:
            streams[event.originator_id].append(event)
    found: dict[UUID, Device] = {
        id_: state
        for id_, events in streams.items()
        if id_ in device_ids and (state := device.fold(None, events)) is not None
    }
    messages = [message.fold(None, events) for id_, events in streams.items() if id_ not in found]
    statuses = {id_: state.status for id_, state in found.items()}
    ties = Ties(
        person.profile.device_id,
        person.replied_through,
        _first_contact([each for each in messages if each is not None], statuses),
    )
    gateways = {id_: state.configuration.gateway for id_, state in found.items()}
    profile = person.profile
    sender = audience.of_campaign(campaign_id, written, statuses, gateways).admit(
        person.id,
        ties,
        opted_out=False,
        names=rendering.names_of(profile.name, person.phone, profile.attributes),
    )
    return "no_device" if isinstance(sender, UUID) else sender


def _first_contact(messages: list[message.Message], statuses: dict[UUID, Any]) -> UUID | None:
    wrote = [
        each
        for each in messages
        if each.status != "cancelled" and statuses.get(each.device_id, "retired") != "retired"
    ]
    first = min(wrote, key=lambda each: (each.planned_at, each.id), default=None)
    return None if first is None else first.device_id

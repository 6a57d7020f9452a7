"""All that is known of one person, for the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import lead
from domain.application.outreach import Outreach
from domain.message.events import MessageQueued
from projections.audit import event_log, message_trail
from projections.audit.event_log import Entry
from projections.audit.lead_timeline import lead_timeline
from projections.database.engine import Database, rows, uuids
from projections.eventstore import lead_keys
from projections.queries import pages, people
from projections.readmodels import consents


class ExportedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message to the person; ``campaign``, ``sequence`` and ``device`` are names.

    ``text`` and ``media_url`` are those of the latest dispatch, rendered again; None where nothing
    was dispatched, and once the person is erased.
    """

    id: UUID
    status: str
    reason: str | None
    campaign: str | None
    sequence: str | None
    step: int
    device: str
    scheduled_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    text: str | None
    media_url: str | None


class PersonExport(msgspec.Struct, frozen=True, kw_only=True):
    """A lead, and what belongs to it and to those that were merged into it.

    ``lead``, ``merged``, ``replies``, ``consents``, ``enrollments`` and ``suppressions`` are rows;
    an enrollment has the name of its ``sequence``. ``entries`` are the events in log order.
    """

    lead: Any
    merged: Sequence[Any]
    replies: Sequence[Any]
    consents: Sequence[Any]
    messages: list[ExportedMessage]
    enrollments: Sequence[Any]
    suppressions: Sequence[Any]
    entries: list[Entry]


def person_export(outreach: Outreach, database: Database, lead_id: UUID) -> PersonExport:
    """All that is known of the person that the lead is. If the lead was merged into another one,
    that one is exported. Of an erased person it is what is left.

    Raises NotFoundError if there is no such lead.
    """
    lead_id = outreach.get_lead(lead_id).merged_into or lead_id
    with database.transaction() as connection:
        ids = people.lead_ids(connection, lead_id)
        keys = people.keys(connection, ids)
        known = {
            "lead": pages.one(connection, "lead", lead_id),
            "merged": [pages.one(connection, "lead", each) for each in ids if each != lead_id],
            "replies": people.replies(connection, ids, keys),
            "consents": consents.recorded(connection, ids),
            "enrollments": _enrollments(connection, ids),
            "suppressions": people.suppressions(connection, keys),
        }
        messages = _messages(connection, ids)
    return PersonExport(
        **known,
        messages=_with_texts(outreach, database, messages),
        entries=lead_timeline(database, lead_id).entries,
    )


def _enrollments(connection: Connection, lead_ids: Sequence[UUID]) -> Sequence[Any]:
    return rows(
        connection,
        "SELECT e.*, s.name AS sequence FROM enrollments e JOIN sequences s USING (sequence_id)"
        " WHERE e.lead_id = ANY(%(ids)s::uuid[]) ORDER BY e.enrolled_at, e.enrollment_id",
        ids=uuids(lead_ids),
    )


def _messages(connection: Connection, lead_ids: Sequence[UUID]) -> Sequence[Any]:
    return rows(
        connection,
        "SELECT * FROM broadcast_message_report WHERE lead_id = ANY(%(ids)s::uuid[])"
        " ORDER BY scheduled_at, message_id",
        ids=uuids(lead_ids),
    )


def _with_texts(
    outreach: Outreach, database: Database, messages: Sequence[Any]
) -> list[ExportedMessage]:
    """The messages, rows of the report, with what was dispatched last."""
    recipients = {row.lead_id: outreach.get_lead(row.lead_id) for row in messages}
    with database.transaction() as connection:
        keys = {id_: lead_keys.digest_key(connection, id_) for id_ in recipients}
    latest: dict[UUID, MessageQueued] = {}
    for _, event in event_log.history(database, [row.message_id for row in messages]):
        if isinstance(event, MessageQueued):
            latest[event.originator_id] = event
    return [
        _with_text(outreach, row, recipients[row.lead_id], latest.get(row.message_id), keys)
        for row in messages
    ]


def _with_text(
    outreach: Outreach,
    row: Any,
    person: lead.Lead,
    queued: MessageQueued | None,
    keys: Mapping[UUID, bytes | None],
) -> ExportedMessage:
    text = media_url = None
    if queued is not None:
        dispatch = message_trail.prove(outreach, person, queued, keys[person.id])
        text = dispatch.text
        media_url = None if text is None else dispatch.content.media_url
    return ExportedMessage(
        id=row.message_id,
        status=row.status,
        reason=row.reason,
        campaign=row.campaign_name,
        sequence=row.sequence_name,
        step=row.step,
        device=row.device_name,
        scheduled_at=row.scheduled_at,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
        read_at=row.read_at,
        text=text,
        media_url=media_url,
    )

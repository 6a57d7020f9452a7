"""What a dispatch reads: claimed messages with their leads, and what they have in common, devices,
campaigns and sequences, each of which is read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.campaign import definition
from domain.campaign.definition import Definition
from domain.campaign.variants import Groups
from domain.content import Content
from domain.enrollment import StopReason
from domain.pacing import LastDispatch
from domain.planning import Step
from domain.windows import Window
from projections.database.engine import rows, uuids
from projections.database.prepared import Prepared, prepared
from projections.queue.lookup import NOT_ASIDE
from projections.schema.expressions import SENDING_STATUS


class Candidate(NamedTuple):
    """A message that may be dispatched, and its lead.

    ``place`` is the place of its id, or of its device, among those asked for, from 1. ``moment`` is
    when it is due, or its slot. ``owner_id`` is its campaign's or sequence's, or
    the id of a message that somebody wrote, which is its own owner. ``stopped_because``
    is why its enrollment was stopped, if it was.
    ``digest_key`` is the lead's, None if it has none. ``scheduled_at`` is for when a step is
    planned; a campaign's message has none, nor an enrollment. Ids that are only compared are text,
    which costs less.
    """

    place: int
    message_id: UUID
    version: int
    moment: datetime
    attempt: int
    step: int
    owner_id: str
    expires_at: datetime | None
    stopped_because: StopReason | None
    lead_version: int
    phone: str
    name: str
    attributes: dict[str, str]
    opted_out_at: datetime | None
    wa_id: str | None
    digest_key: memoryview | None
    lead_id: str
    enrollment_id: str | None
    scheduled_at: datetime | None

    def __repr__(self) -> str:
        # Neither the key nor who it is get into a log or a traceback.
        return f"<candidate {self.message_id}>"


class Device(NamedTuple):
    """A device as it is now; ``ciphertext`` holds its credentials, if there are any. ``epoch`` is
    that of its latest dispatch. ``move_pending`` says that what waits on it, once it is retired,
    moves to another."""

    status: str
    gateway: str
    settings: dict[str, Any]
    min_delay_seconds: float
    ciphertext: memoryview | None
    epoch: int = 0
    move_pending: bool = False


class Owner(NamedTuple):
    """A campaign, a sequence whose pending messages may be unwanted, or a message that somebody
    wrote to one person. A sequence has one content per step, in their order, the others have one;
    there are none if they cannot be read. ``places`` has
    the place of each step by its number, and ``steps_ever`` counts the steps that the sequence ever
    had; a campaign has none. ``timezone`` is that of people who have none of their own. One that is
    to ``ignore_cap`` may write to a person who had as much as a day may have. Before ``undo_until``
    nothing of a campaign is sent. One that ``awaits_approval`` has the status ``paused``. One
    with a ``purpose`` writes only to who agrees to that."""

    status: str
    cancel_pending: bool
    min_delay_seconds: float
    max_delay_seconds: float
    timezone: str | None
    windows: tuple[Window, ...]
    ignore_cap: bool
    contents: Sequence[Step]
    places: Mapping[int, int]
    steps_ever: int
    undo_until: datetime | None
    awaits_approval: bool
    groups: Groups | None = None
    purpose: str | None = None

    def content(self, step: int, lead_id: str) -> Content:
        """The content of the ``step`` of that number, or what a campaign with variants says to the
        lead; a campaign's messages have step 0."""
        if self.groups is not None:
            return self.groups.content(UUID(lead_id)) or self.contents[0]
        return self.contents[self.places[step] if step else 0]

    def lacks(self, step: int) -> bool:
        """Whether the step of that number, from 1, was removed."""
        return bool(self.contents) and step not in self.places


# SQL: a Candidate but for its place, from message ``m`` and lead ``l``.
CANDIDATE = """
    m.message_id, m.version, coalesce(m.due_at, m.send_at) AS moment, m.attempt, m.step,
    coalesce(m.campaign_id, m.sequence_id, m.message_id)::text AS owner_id, m.expires_at,
    (SELECT n.reason FROM enrollments n WHERE n.enrollment_id = m.enrollment_id) AS stopped_because,
    l.version AS lead_version, l.phone, l.name, l.attributes, l.opted_out_at, l.wa_id,
    (SELECT k.digest_key FROM lead_keys k WHERE k.lead_id = l.lead_id) AS digest_key,
    m.lead_id::text AS lead_id, m.enrollment_id::text AS enrollment_id,
    CASE WHEN m.enrollment_id IS NOT NULL THEN m.scheduled_at END AS scheduled_at
"""

_candidate = partial(tuple.__new__, Candidate)

_MESSAGES = prepared(f"""
SELECT i.place, {CANDIDATE}
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS i(message_id, place)
JOIN broadcast_messages m USING (message_id)
JOIN leads l USING (lead_id)
WHERE m.status = 'processing' AND m.worker = %(worker)s
  AND {NOT_ASIDE}
ORDER BY m.message_id FOR UPDATE OF m
""")

_DEVICES = prepared("""
SELECT d.device_id, d.status, d.gateway, d.settings, d.min_delay_seconds, k.ciphertext, h.epoch,
    d.move_pending
FROM devices d JOIN device_dispatches h USING (device_id)
LEFT JOIN device_secrets k USING (device_id)
WHERE d.device_id = ANY(%(ids)s::uuid[])
""")

_OWNERS = prepared(f"""
SELECT c.campaign_id::text, {SENDING_STATUS.format(c="c.")}, false, c.min_delay_seconds,
    c.max_delay_seconds, c.definition, jsonb_build_array(c.definition), 0, c.undo_until,
    c.awaits_approval
FROM campaigns c WHERE c.campaign_id = ANY(%(ids)s::uuid[])
UNION ALL
SELECT s.sequence_id::text, s.status, s.cancel_pending, s.min_delay_seconds, s.max_delay_seconds,
    s.definition - 'steps', s.definition -> 'steps', s.steps_ever,
    NULL::timestamptz, false
FROM sequences s WHERE s.sequence_id = ANY(%(ids)s::uuid[])
UNION ALL
-- What somebody wrote to one person; without a text where the person was erased.
SELECT m.message_id::text, 'active', false, 0, 0, '{{}}', CASE WHEN w.message_id IS NULL THEN '[]'
    ELSE jsonb_build_array(jsonb_build_object(
        'content_id', concat_ws(':', w.lead_id, w.version, 0), 'body', w.body,
        'media_url', w.media_url, 'rules', w.rules)) END, 0,
    NULL::timestamptz, false
FROM broadcast_messages m LEFT JOIN composed_messages w USING (message_id)
WHERE m.message_id = ANY(%(ids)s::uuid[])
""")

_LOCK_DISPATCHES = prepared("""
SELECT FROM device_dispatches
WHERE device_id = ANY(%(ids)s::uuid[]) ORDER BY device_id FOR UPDATE
""")

_LAST_DISPATCHES = prepared("""
SELECT h.device_id, h.dispatched_at,
    coalesce(m.status = 'queued', h.message_id = h.test_id AND h.test_answered_at IS NULL, false),
    coalesce(m.answered_at, CASE WHEN h.message_id = h.test_id THEN h.test_answered_at END),
    h.epoch
FROM device_dispatches h LEFT JOIN broadcast_messages m USING (message_id)
WHERE h.device_id = ANY(%(ids)s::uuid[])
""")


def messages(connection: Connection, ids: Iterable[UUID], worker: str) -> list[Candidate]:
    """Locks those that ``worker`` still holds, in id order."""
    return candidates(connection, _MESSAGES, ids=uuids(ids), worker=worker)


def candidates(connection: Connection, statement: Prepared, **parameters: Any) -> list[Candidate]:
    """What ``statement`` finds, whose columns are those of a Candidate."""
    return list(map(_candidate, rows(connection, statement, **parameters)))


def devices(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Device]:
    """The devices of these ids that there are, by id."""
    return {row[0]: Device(*row[1:]) for row in rows(connection, _DEVICES, ids=uuids(ids))}


def owners(connection: Connection, ids: Iterable[str]) -> dict[str, Owner]:
    """Campaigns, sequences and messages that somebody wrote, by their ids."""
    return {
        row[0]: Owner(
            row[1],
            row[2],
            row[3],
            row[4],
            *_hours(row[5]),
            *_contents(row[6], row[7]),
            row[7],
            row[8],
            row[9],
            _groups(row[0], row[5]),
            row[5].get("requires_consent"),
        )
        for row in rows(connection, _OWNERS, ids=uuids(ids))
    }


class _Hours(msgspec.Struct):
    timezone: str | None = None
    windows: tuple[Window, ...] = ()
    ignore_cap: bool = False


def _hours(stored: Any) -> tuple[str | None, tuple[Window, ...], bool]:
    found = msgspec.convert(stored, _Hours)
    return found.timezone, found.windows, found.ignore_cap


def _groups(owner_id: str, stored: Any) -> Groups | None:
    """Who gets which text of a campaign with variants; it was decided already who gets none."""
    if not stored.get("variants"):
        return None
    return definition.groups(UUID(owner_id), msgspec.convert(stored, Definition))


def _contents(stored: Any, steps_ever: int) -> tuple[Sequence[Step], Mapping[int, int]]:
    try:
        contents = msgspec.convert(stored, list[Step])
        places = {step.number: place for place, step in enumerate(contents) if steps_ever}
    except (msgspec.ValidationError, ValueError):
        return (), {}
    return contents, places


def last_dispatches(connection: Connection, device_ids: Iterable[UUID]) -> dict[UUID, LastDispatch]:
    """What each of these devices did last, by id.

    Locks them in id order: nobody else dispatches for them until the transaction ends.
    """
    ids = uuids(device_ids)
    rows(connection, _LOCK_DISPATCHES, ids=ids)
    # A statement of its own, so that it sees what the last holder of the lock did.
    return {row[0]: LastDispatch(*row[1:]) for row in rows(connection, _LAST_DISPATCHES, ids=ids)}

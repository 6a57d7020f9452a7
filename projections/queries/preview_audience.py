"""Whom a campaign writes to, from which device and when: what became of it so far, and
what the rest would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from domain import audience, rendering, zones
from domain.audience import Exclusion
from domain.campaign import Campaign
from domain.campaign import definition as campaign_definition
from domain.message import STATUSES
from domain.windows import Hours
from domain.zones import House
from projections.database.engine import rows
from projections.queries.preview_texts import SAMPLES, Texts
from projections.readmodels import devices, leads, segments

# Leads per query.
CHUNK = 5000
UTC_ZONE = ZoneInfo("UTC")
T = TypeVar("T")


class Due(NamedTuple):
    """Messages of one device that are due at one instant, to people in one zone."""

    device_id: UUID
    due_at: datetime
    zone: ZoneInfo


class Audience(msgspec.Struct, kw_only=True):
    """The messages by device (``share``), those that there are by status, those that have no slot
    yet by when they are due, when the latest other of each device was or will be sent, and how many
    leads match and get none, by reason. It is ``whole`` unless there were more people than were to
    be looked at."""

    texts: Texts
    whole: bool = True
    share: Counter[UUID] = msgspec.field(default_factory=Counter)
    by_status: Counter[str] = msgspec.field(default_factory=Counter)
    due: Counter[Due] = msgspec.field(default_factory=Counter)
    ended: dict[UUID, datetime] = msgspec.field(default_factory=dict)
    excluded: Counter[str] = msgspec.field(default_factory=Counter)


class Reader:
    """Reads the audience of one campaign at the instant ``now``, by the rules that the campaigner
    and the runners use; of at most so many people, or of all where ``most`` is None."""

    def __init__(
        self,
        connection: Connection,
        state: Campaign,
        house: House,
        now: datetime,
        most: int | None = None,
    ) -> None:
        self._left = most
        self._chunk = CHUNK if most is None else min(CHUNK, most + 1)
        self.hours = Hours(windows=state.definition.windows, quiet=house.quiet)
        self._connection = connection
        self._campaign = state
        # Of a draft that does not say when it starts, this is what it would do now.
        self._definition = state.definition
        if state.definition.scheduled_at is None:
            self._definition = msgspec.structs.replace(state.definition, scheduled_at=now)
        self._house = house
        self._groups = campaign_definition.groups(state.id, self._definition)
        self._gateways = devices.gateways(connection)
        self._start = start = max(now, campaign_definition.starts_at(self._definition))
        self._undo_until = state.undo_until or start
        with suppress(OverflowError):  # beyond the calendar
            undo = timedelta(seconds=self._definition.undo_seconds)
            self._undo_until = state.undo_until or start + undo
        self._found = Audience(
            texts=Texts(self._definition, self._definition.variants, self._gateways, start),
            excluded=Counter(state.excluded),
        )

    def read(self) -> Audience:
        """The messages that there are, and those that there will be for the leads that nobody
        looked at yet. Where there are more messages than are to be looked at, the last pending ones
        are enough to show the text."""
        if self._left is not None and _count(self._connection, self._campaign.id) > self._left:
            self._found.whole = False
            self._add_pending(_last_pending(self._connection, self._campaign.id, self._left))
            return self._found
        self._add_ended()
        self._add_pending(self._within(self._pending()))
        if not self._campaign.audience_completed and self._campaign.status != "cancelled":
            self._foresee()
        return self._found

    def _within(self, found: Iterable[T]) -> Iterator[T]:
        """As many as are left to be looked at."""
        for each in found:
            if self._left is not None:
                if not self._left:
                    self._found.whole = False
                    return
                self._left -= 1
            yield each

    def _add_ended(self) -> None:
        """Takes in the messages that wait for nothing, which the database counts."""
        for row in _ended(self._connection, self._campaign.id):
            self._found.share[row.device_id] += row.messages
            self._found.by_status[row.status] += row.messages
            if row.ended_at is not None:
                latest = self._found.ended.get(row.device_id, row.ended_at)
                self._found.ended[row.device_id] = max(latest, row.ended_at)
            if self._left is not None:
                self._left = max(0, self._left - row.messages)

    def _add_pending(self, found: Iterable[Any]) -> None:
        for row in found:
            self._found.share[row.device_id] += 1
            self._found.by_status[row.status] += 1
            self._add_due(row, row.device_id, row.due_at)

    def _pending(self) -> Iterator[Any]:
        cursor: UUID | None = None
        while chunk := pending_of(self._connection, self._campaign.id, cursor, self._chunk):
            cursor = chunk[-1].lead_id
            yield from chunk

    def _foresee(self) -> None:
        to_come = admitted(self._connection, self._campaign, self._start, chunk=self._chunk)
        for each in self._within(to_come):
            if isinstance(each.sender, UUID):
                self._found.share[each.sender] += 1
                self._add_due(each.row, each.sender)
                continue
            self._found.excluded[each.sender] += 1
            if each.sender == "template_variable_missing":
                self._found.texts.leave_out(each.names)

    def _add_due(self, row: Any, device_id: UUID, due_at: datetime | None = None) -> None:
        """Takes in a message to the lead ``row`` that is yet to be sent; one that is not scheduled
        has no ``due_at``."""
        zone = UTC_ZONE
        if self.hours or self._definition.local_time is not None:
            zone = zones.of_recipient(
                row.timezone, self._definition.timezone, row.phone, self._house
            )
        due_at = max(due_at or campaign_definition.due_at(self._definition, zone), self._undo_until)
        self._found.due[Due(device_id, due_at, zone)] += 1
        names = rendering.names_of(row.name, row.phone, row.attributes)
        if device_id in self._gateways:
            written = self._groups.content(row.lead_id) or self._definition
            self._found.texts.add(row, names, device_id, written)


class Admitted(NamedTuple):
    """A lead that matches, from a row of ``leads.audience``, with the names that a text may name;
    ``sender`` is the device that would write to it, or the reason why none does."""

    row: Any
    names: dict[str, str]
    sender: UUID | Exclusion


def admitted(
    connection: Connection,
    state: Campaign,
    at: datetime,
    *,
    saved: bool = True,
    chunk: int = CHUNK,
) -> Iterator[Admitted]:
    """The leads that match the campaign and that nobody looked at yet, in lead order, if it starts
    ``at`` that instant. One that is not ``saved`` has no row. They are read ``chunk`` by chunk."""
    definition = state.definition
    statuses = devices.statuses(connection)
    senders = audience.of_campaign(state.id, definition, statuses, devices.gateways(connection))
    cursor, retired = state.cursor, devices.retired(statuses)
    segment = segments.of_campaign(connection, state, at)
    criteria = leads.SAVED if saved else leads.criteria(definition.niche, definition.target_status)
    while found := leads.audience(
        connection,
        state.id,
        cursor,
        chunk,
        retired,
        segment,
        purpose=definition.requires_consent,
        named=True,
        criteria=criteria,
    ):
        cursor = found[-1].lead_id
        for row in found:
            names = rendering.names_of(row.name, row.phone, row.attributes)
            yield Admitted(row, names, leads.sender(senders, row, names))


_PENDING = """m.lead_id, m.device_id, m.status,
    coalesce(m.send_at, m.retry_at, m.scheduled_at) AS due_at,
    l.name, l.phone, l.attributes, l.timezone, l.replied_at"""


def pending_of(
    connection: Connection, campaign_id: UUID, after: UUID | None, limit: int
) -> list[Any]:
    """The next ``limit`` pending messages of a campaign with their leads, in lead order."""
    return rows(
        connection,
        f"""
        SELECT {_PENDING} FROM broadcast_messages m JOIN leads l USING (lead_id)
        WHERE m.campaign_id = %(campaign_id)s AND m.status = 'pending'
          AND (%(after)s::uuid IS NULL OR m.lead_id > %(after)s::uuid)
        ORDER BY m.lead_id LIMIT %(limit)s
        """,
        campaign_id=str(campaign_id),
        after=None if after is None else str(after),
        limit=limit,
    )


def _last_pending(connection: Connection, campaign_id: UUID, among: int) -> list[Any]:
    """Some pending messages ``among`` so many of a campaign's last leads: those are sent last."""
    return rows(
        connection,
        f"""
        SELECT {_PENDING} FROM (
            SELECT * FROM broadcast_messages WHERE campaign_id = %(campaign_id)s
            ORDER BY lead_id DESC LIMIT %(among)s) m
        JOIN leads l USING (lead_id)
        WHERE m.status = 'pending' ORDER BY m.lead_id DESC LIMIT %(limit)s
        """,
        campaign_id=str(campaign_id),
        among=among,
        limit=SAMPLES,
    )


def _ended(connection: Connection, campaign_id: UUID) -> list[Any]:
    """How many other messages a campaign has by device and status, and the latest end of these."""
    return rows(
        connection,
        """
        SELECT device_id, status, count(*)::int AS messages,
            max(coalesce(sent_at, failed_at, queued_at, send_at)) AS ended_at
        FROM broadcast_messages WHERE campaign_id = %(campaign_id)s AND status <> 'pending'
        GROUP BY 1, 2
        """,
        campaign_id=str(campaign_id),
    )


def _count(connection: Connection, campaign_id: UUID) -> int:
    """How many messages a campaign has."""
    (row,) = rows(
        connection,
        f"SELECT coalesce(sum({' + '.join(STATUSES)}), 0)::int AS messages FROM message_counts"
        " WHERE owner_id = %(campaign_id)s",
        campaign_id=str(campaign_id),
    )
    return int(row.messages)

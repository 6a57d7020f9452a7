"""The queues of devices: what waits on them already, and what comes on top."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain import frequency, queue_forecast, zones
from domain.pacing import Pace
from domain.queue_forecast import Left, Queued, Terms
from domain.windows import Hours, Window
from domain.zones import House
from projections.database.engine import rows, uuids
from projections.queries import device_lines
from projections.queue import dispatch
from projections.queue.timing import HAD

_WAITING = """
SELECT m.message_id, m.lead_id, m.device_id, m.due_at, m.planned_at, m.expires_at,
    coalesce(m.campaign_id, m.sequence_id, m.message_id)::text AS owner_id, l.timezone, l.phone
FROM broadcast_messages m JOIN leads l USING (lead_id)
WHERE m.device_id = ANY(%(ids)s::uuid[]) AND m.due_at IS NOT NULL
"""


class Owner:
    """What a campaign or sequence asks for, and the terms of its messages: one instance for each
    zone."""

    def __init__(
        self,
        house: House,
        windows: tuple[Window, ...],
        timezone: str | None,
        pace: Pace,
        *,
        ignore_cap: bool,
    ) -> None:
        self.hours = Hours(windows=windows, quiet=house.quiet)
        self._house = house
        self._timezone = timezone
        self._pace = pace
        self._capped = not ignore_cap
        self._terms: dict[str, Terms] = {}

    def terms(self, timezone: str | None, phone: str) -> Terms:
        """The terms of a message to a person with that zone of her own, and that phone."""
        zone = zones.of_recipient(timezone, self._timezone, phone, self._house)
        found = self._terms.get(zone.key)
        if found is None:
            found = self._terms[zone.key] = Terms(self._pace, self.hours, zone, self._capped)
        return found


def play(
    connection: Connection,
    asked: Iterable[Queued],
    now: datetime,
    house: House,
    cap: int | None,
) -> list[Left]:
    """What becomes of the messages that are ``asked`` about, beside all that waits on their devices
    ``now``. A person gets at most ``cap`` messages in a day."""
    asked = list(asked)
    ids = {message.device_id for message in asked}
    queued = [*_waiting(connection, ids, house), *asked]
    lines = {
        row.device_id: device_lines.line(row, now)
        for row in device_lines.read(connection, ids, now)
        if row.status == "online"
    }
    had: dict[UUID, list[datetime]] = {}
    if cap is not None:
        people = uuids({message.lead_id for message in queued})
        for row in rows(connection, HAD, ids=people, since=now - frequency.LONGEST_DAY):
            had.setdefault(UUID(row.lead_id), []).append(row.at)
    about = {message.message_id for message in asked}
    found: list[Left] = []
    for left in queue_forecast.play(now, lines, queued, cap, had):
        if left.message.message_id in about:
            found.append(left)
            if len(found) == len(about):  # what others wait for after that is nobody's question
                break
    return found


def _waiting(connection: Connection, ids: Iterable[UUID], house: House) -> list[Queued]:
    """What waits on these devices and is not held."""
    found: list[Any] = rows(connection, _WAITING, ids=uuids(ids))
    owners = {
        id_: Owner(
            house,
            owner.windows,
            owner.timezone,
            Pace(owner.min_delay_seconds, owner.max_delay_seconds),
            ignore_cap=owner.ignore_cap,
        )
        for id_, owner in dispatch.owners(connection, {row.owner_id for row in found}).items()
    }
    return [
        Queued(
            row.message_id,
            row.lead_id,
            row.device_id,
            row.due_at,
            row.planned_at,
            owners[row.owner_id].terms(row.timezone, row.phone or ""),
            row.expires_at,
        )
        for row in found
    ]

"""What pending messages wait for: the facts of many messages by few queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from domain import values, zones
from domain.message import Message
from domain.waiting import Facts, Owner, Sender, Wait, waits_for
from domain.waiting_words import Names, sentence
from domain.windows import Hours
from projections.config.settings import Settings
from projections.database.engine import Database, rows, uuids
from projections.database.prepared import prepared
from projections.queue import dispatch, lookup, timing
from projections.schema.expressions import LIMIT_TODAY, TODAY

# The longest day there is, when the clocks are put back.
_LONGEST_DAY = timedelta(hours=26)

_FACTS = prepared(f"""
SELECT i.message_id, l.timezone, coalesce(l.phone, '') AS phone,
    coalesce(c.name, s.name, '') AS owner_name, d.name AS device_name, d.status AS device_status,
    d.offline_since, d.min_delay_seconds, d.max_delay_seconds,
    {LIMIT_TODAY} AS daily_limit, coalesce(u.claimed, 0) AS used_today,
    d.timezone AS device_timezone, k.last_slot_at,
    EXISTS (SELECT FROM quarantine q WHERE q.kind = 'message' AND q.id = i.message_id) AS aside
FROM unnest(%(ids)s::uuid[], %(leads)s::uuid[], %(devices)s::uuid[], %(owners)s::uuid[])
    AS i(message_id, lead_id, device_id, owner_id)
JOIN leads l USING (lead_id)
JOIN devices d ON d.device_id = i.device_id
JOIN device_slots k ON k.device_id = i.device_id
LEFT JOIN device_days u ON u.device_id = i.device_id
    AND u.day = {TODAY}
LEFT JOIN campaigns c ON c.campaign_id = i.owner_id
LEFT JOIN sequences s ON s.sequence_id = i.owner_id
""")

# What these people surely were sent. What is on its way may fail yet, and then does not count.
_HAD = prepared("""
SELECT lead_id, queued_at FROM broadcast_messages
WHERE lead_id = ANY(%(ids)s::uuid[]) AND status IN ('sent', 'unknown')
  AND queued_at >= %(since)s
""")


class Explained(NamedTuple):
    """What a message waits for, and the same as a sentence that begins with "waits for"."""

    wait: Wait
    story: str


def of_rows(
    connection: Connection, settings: Settings, found: Iterable[Any], now: datetime
) -> dict[UUID, Explained]:
    """The same as ``of_messages`` of rows of ``broadcast_messages``."""
    pending = [lookup.state(row) for row in found if row.status == "pending"]
    return of_messages(connection, settings, pending, now)


def of_ids(
    database: Database, settings: Settings, message_ids: Iterable[UUID], now: datetime
) -> dict[UUID, Explained]:
    """The same as ``of_messages`` of the messages of those ids, in a transaction of its own. The
    queue is asked, because what cannot be recorded may not be read in the log either."""
    with database.transaction() as connection:
        found = rows(
            connection,
            "SELECT * FROM broadcast_messages WHERE message_id = ANY(%(ids)s::uuid[])",
            ids=uuids(message_ids),
        )
        return of_rows(connection, settings, found, now)


def of_messages(
    connection: Connection, settings: Settings, messages: Iterable[Message], now: datetime
) -> dict[UUID, Explained]:
    """What those of ``messages`` that are pending wait for at ``now``, by their ids."""
    pending = [each for each in messages if each.status == "pending"]
    if not pending:
        return {}
    found = rows(
        connection,
        _FACTS,
        ids=uuids(each.id for each in pending),
        leads=uuids(each.lead_id for each in pending),
        devices=uuids(each.device_id for each in pending),
        owners=uuids(map(_owner_id, pending)),
        now=now,
    )
    by_id = {row.message_id: row for row in found}
    read = _Read(connection, settings, pending, now)
    return {each.id: read.explain(each, by_id[each.id], now) for each in pending}


class _Read:
    """What many messages have in common, read once."""

    def __init__(
        self, connection: Connection, settings: Settings, pending: Sequence[Message], now: datetime
    ) -> None:
        self._house = settings.house
        self._cap = settings.lead_daily_cap
        self._look_ahead = timedelta(seconds=settings.broadcast_every)
        self._owners = dispatch.owners(connection, {str(_owner_id(each)) for each in pending})
        steps = [each.id for each in pending if each.step]
        self._others = timing.others(connection, steps) if steps else {}
        self._had: dict[UUID, list[datetime]] = {}
        if self._cap is not None:
            ids = uuids({each.lead_id for each in pending})
            for row in rows(connection, _HAD, ids=ids, since=now - _LONGEST_DAY):
                self._had.setdefault(row.lead_id, []).append(row.queued_at)

    def explain(self, message: Message, row: Any, now: datetime) -> Explained:
        """``row`` is that of ``_FACTS``."""
        owner = self._owners[str(_owner_id(message))]
        facts = Facts(
            message=message,
            owner=Owner(
                status=owner.status,
                stopped=owner.cancel_pending,
                hours=Hours(windows=owner.windows, quiet=self._house.quiet),
                steps=owner.contents,
                min_delay_seconds=owner.min_delay_seconds,
                ignore_cap=owner.ignore_cap,
                undo_until=owner.undo_until,
                awaits_approval=owner.awaits_approval,
            ),
            sender=Sender(
                status=row.device_status,
                min_delay_seconds=row.min_delay_seconds,
                max_delay_seconds=row.max_delay_seconds,
                daily_limit=row.daily_limit,
                used_today=row.used_today,
                zone=values.zone(row.device_timezone),
                last_slot_at=row.last_slot_at,
            ),
            zone=zones.of_recipient(row.timezone, owner.timezone, row.phone, self._house),
            look_ahead=self._look_ahead,
            others=self._others.get(message.id, ()),
            had=self._had.get(message.lead_id, ()),
            cap=self._cap,
            in_quarantine=row.aside,
        )
        wait = waits_for(facts, now)
        assert wait is not None  # noqa: S101 - it is pending
        names = Names(
            owner=row.owner_name,
            owner_status=owner.status,
            device=row.device_name,
            device_status=row.device_status,
            offline_since=row.offline_since,
            daily_limit=row.daily_limit,
            step_before=_step_before(facts),
            decided_by=facts.message.decided_by,
            has_windows=bool(owner.windows),
        )
        return Explained(wait, sentence(wait, names, _zone_of(wait, facts), now))


def _owner_id(message: Message) -> UUID:
    """As ``dispatch.owners`` has it: what somebody wrote is its own owner."""
    return message.campaign_id or message.sequence_id or message.id


def _step_before(facts: Facts) -> tuple[int, str] | None:
    """The last step that is on its way before the message."""
    last = max(facts.steps_on_their_way, key=lambda each: each.at, default=None)
    return None if last is None else (last.step, last.status)


def _zone_of(wait: Wait, facts: Facts) -> ZoneInfo:
    """On whose wall the clock hangs by which the wait is told: the device's, or the person's."""
    if wait.reason in ("device_offline", "daily_limit", "pace"):
        return facts.sender.zone
    return facts.zone

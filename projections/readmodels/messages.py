"""The queue: message events into rows of ``broadcast_messages``.

Whether a message is due is decided here, at every change of it, from its own state and its
campaign's or sequence's: ``due_at`` is null unless it is pending and they are not holding it.
What runners and people ask of the queue is in ``projections.queue``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projections.readmodels.counters import Tally
from projections.readmodels.handler import Handler, handler


def _moved(tally: Tally, found: Sequence[Any]) -> None:
    tally.moved(found)


def _delivered(tally: Tally, found: Sequence[Any]) -> None:
    tally.marked("delivered", found)


def _read(tally: Tally, found: Sequence[Any]) -> None:
    tally.marked("read", found)


# SQL: whether the campaign ``c`` or the sequence ``s`` of a message holds what is pending.
_HELD = (
    "coalesce(c.status IN ('paused', 'cancelled'), false)"
    " OR coalesce(s.status = 'paused' OR s.cancel_pending, false)"
)

# SQL: what went from where to where, for the counts; see ``counters.Moved``.
_COUNTED = """
    SELECT owner_id, step, device_id, day, was, "now", was_reason, now_reason, count(*)::int,
        array_agg(enrollment_id) FROM changed GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""


def _transition(fields: str, changes: str, *, beside: str = "") -> Handler:
    """Changes rows and counts what went from where to where, on the day of the slot that the
    message has or had. In ``changes`` ``old`` is the row as it was; ``beside`` are further terms of
    the statement, which may read ``changed``."""
    joins = ""
    if _HELD in changes:
        joins = (
            " LEFT JOIN campaigns c ON c.campaign_id = old.campaign_id"
            " LEFT JOIN sequences s ON s.sequence_id = old.sequence_id"
        )
    return _change(
        fields,
        changes,
        source=f"e JOIN broadcast_messages old ON old.message_id = e.originator_id{joins}",
        day="coalesce(old.slot_day, m.slot_day)",
        was="old.status",
        was_reason="old.reason",
        beside=beside,
    )


def _step(was: str, fields: str, changes: str, *, beside: str = "", steps: int = 1) -> Handler:
    """A transition that every message makes, from the one status in which it is possible: the row
    as it was need not be looked up. Whoever decided without a lock on the row may find that it has
    moved on: its version is taken then, and the transaction keeps nothing. ``steps`` are the
    events that it stands for."""
    return _change(
        fields,
        changes,
        source="e",
        condition=f" AND m.version = e.originator_version - {steps}",
        day="m.slot_day",
        was=f"'{was}'",
        was_reason="NULL",
        beside=beside,
    )


def _change(
    fields: str,
    changes: str,
    *,
    source: str,
    day: str,
    was: str,
    was_reason: str,
    beside: str,
    condition: str = "",
) -> Handler:
    return handler(
        fields,
        f""", changed AS (
            UPDATE broadcast_messages m SET version = e.originator_version, {changes}
            FROM {source}
            WHERE m.message_id = e.originator_id{condition}
            RETURNING coalesce(m.campaign_id, m.sequence_id) AS owner_id, m.step, m.device_id,
                {day} AS day, {was} AS was, m.status AS "now", {was_reason} AS was_reason,
                m.reason AS now_reason, m.enrollment_id, m.message_id, m.send_at, m.queued_at,
                m.provider_id
        ){beside}{_COUNTED}""",
        _moved,
    )


def _back_to_pending(at: str) -> str:
    """Changes: without a lease, and due at ``at`` unless held."""
    return (
        "status = 'pending', worker = NULL, lease_until = NULL, send_at = NULL, slot_day = NULL,"
        f" due_at = CASE WHEN {_HELD} THEN NULL ELSE {at} END"
    )


def _mark(column: str, counted: Any) -> Handler:
    """Sets a receipt's column and counts it."""
    return handler(
        "",
        f""", changed AS (
            UPDATE broadcast_messages m SET version = e.originator_version, {column} = e.timestamp
            FROM e WHERE m.message_id = e.originator_id
            RETURNING coalesce(m.campaign_id, m.sequence_id) AS owner_id, m.step
        )
        SELECT owner_id, step, count(*)::int FROM changed GROUP BY 1, 2""",
        counted,
    )


# Where the reaper finds what a worker did not finish, and the device's latest slot.
_LEASE_AND_SLOT = """, lease AS (
    INSERT INTO leases AS t (worker, lease_until, message_ids)
    SELECT worker, lease_until, array_agg(originator_id) FROM e GROUP BY worker, lease_until
    ON CONFLICT (worker, lease_until) DO UPDATE
    SET message_ids = t.message_ids || excluded.message_ids
), lane AS (
    UPDATE device_lanes l SET last_slot_at = greatest(l.last_slot_at, n.send_at)
    FROM (SELECT device_id, max(send_at) AS send_at FROM changed GROUP BY 1) n
    WHERE l.device_id = n.device_id
)"""

_LAST_HAND_OVER = """, hand_over AS (
    UPDATE device_hand_overs h SET handed_over_at = n.at, message_id = n.message_id
    FROM (SELECT DISTINCT ON (device_id) device_id, queued_at AS at, message_id
          FROM changed ORDER BY device_id, queued_at DESC, message_id DESC) n
    WHERE h.device_id = n.device_id AND (h.handed_over_at IS NULL
        OR (n.at, n.message_id) > (h.handed_over_at, h.message_id))
)"""

# The sandbox knows our own ids. A subquery, and no join, so that each device is looked up by its id
# whatever the planner thinks of their number.
_PROVIDER_ID = """, named AS (
    INSERT INTO provider_ids (device_id, provider_id, message_id)
    SELECT c.device_id, c.provider_id, c.message_id FROM changed c
    WHERE c."now" = 'sent' AND c.provider_id <> ''
      AND (SELECT gateway FROM devices d WHERE d.device_id = c.device_id) <> 'sandbox'
    ON CONFLICT DO NOTHING
)"""

# What a claim and a hand-over say, and what they change beside the status.
_CLAIM = "worker text, send_at timestamptz, slot_day date, lease_until timestamptz"
_CLAIMED = (
    "worker = e.worker, send_at = e.send_at, slot_day = e.slot_day, lease_until = e.lease_until,"
    " due_at = NULL"
)
_HAND_OVER = "content_id text, body_sha256 text"
_QUEUED = (
    "queued_at = e.timestamp, answered_at = NULL, attempt = m.attempt + 1,"
    " content_id = e.content_id, body_sha256 = e.body_sha256"
)

HANDLERS: dict[str, Handler] = {
    "message.scheduled": handler(
        "lead_id uuid, device_id uuid, campaign_id uuid, sequence_id uuid, enrollment_id uuid,"
        " step int, scheduled_at timestamptz, expires_at timestamptz",
        f""", changed AS (
            INSERT INTO broadcast_messages (message_id, version, status, lead_id, device_id,
                campaign_id, sequence_id, enrollment_id, step, scheduled_at, expires_at, attempt,
                due_at)
            SELECT e.originator_id, e.originator_version, 'pending', e.lead_id, e.device_id,
                e.campaign_id, e.sequence_id, e.enrollment_id, e.step, e.scheduled_at,
                e.expires_at, 0, CASE WHEN {_HELD} THEN NULL ELSE e.scheduled_at END
            FROM e
            LEFT JOIN campaigns c ON c.campaign_id = e.campaign_id
            LEFT JOIN sequences s ON s.sequence_id = e.sequence_id
            RETURNING coalesce(campaign_id, sequence_id) AS owner_id, step
        )
        SELECT owner_id, step, NULL, NULL, NULL, 'pending', NULL, NULL, count(*)::int, NULL
        FROM changed GROUP BY 1, 2""",
        _moved,
    ),
    "message.claimed": _step(
        "pending", _CLAIM, f"status = 'processing', {_CLAIMED}", beside=_LEASE_AND_SLOT
    ),
    # Both at once: of what both events have, the later one's.
    "message.claimed message.queued": _step(
        "pending",
        f"{_CLAIM}, {_HAND_OVER}",
        f"status = 'queued', {_CLAIMED}, {_QUEUED}",
        beside=_LEASE_AND_SLOT + _LAST_HAND_OVER,
        steps=2,
    ),
    "message.released": _transition(
        "reason text",
        f"reason = e.reason, {_back_to_pending('coalesce(old.retry_at, old.scheduled_at)')}",
    ),
    "message.queued": _step(
        "processing", _HAND_OVER, f"status = 'queued', {_QUEUED}", beside=_LAST_HAND_OVER
    ),
    "message.sent": _step(
        "queued",
        "provider_id text",
        "status = 'sent', answered_at = e.timestamp, sent_at = e.timestamp,"
        " provider_id = e.provider_id, reason = NULL",
        beside=_PROVIDER_ID,
    ),
    "message.failed": _transition(
        "code text",
        "status = 'failed', answered_at = e.timestamp, failed_at = e.timestamp, reason = e.code",
    ),
    "message.deferred": _transition(
        "retry_at timestamptz, reason text",
        "answered_at = e.timestamp, retry_at = e.retry_at, reason = e.reason,"
        f" {_back_to_pending('e.retry_at')}",
    ),
    "message.outcome_unknown": _transition(
        "reason text", "status = 'unknown', answered_at = e.timestamp, reason = e.reason"
    ),
    "message.resolved": _transition(
        "resolution text, reason text, provider_id text",
        f"""
            status = CASE e.resolution WHEN 'retried' THEN 'pending' ELSE e.resolution END,
            sent_at = CASE e.resolution WHEN 'sent' THEN e.timestamp ELSE old.sent_at END,
            provider_id = CASE e.resolution WHEN 'sent' THEN e.provider_id ELSE old.provider_id END,
            failed_at = CASE e.resolution WHEN 'failed' THEN e.timestamp ELSE old.failed_at END,
            reason = CASE e.resolution WHEN 'retried' THEN NULL ELSE e.reason END,
            attempt = CASE e.resolution WHEN 'retried' THEN 0 ELSE old.attempt END,
            retry_at = CASE e.resolution WHEN 'retried' THEN e.timestamp ELSE old.retry_at END,
            due_at = CASE WHEN e.resolution <> 'retried' OR {_HELD} THEN NULL ELSE e.timestamp END,
            worker = CASE e.resolution WHEN 'retried' THEN NULL ELSE old.worker END,
            lease_until = CASE e.resolution WHEN 'retried' THEN NULL ELSE old.lease_until END,
            send_at = CASE e.resolution WHEN 'retried' THEN NULL ELSE old.send_at END,
            slot_day = CASE e.resolution WHEN 'retried' THEN NULL ELSE old.slot_day END
        """,
        beside=_PROVIDER_ID,
    ),
    "message.cancelled": _transition(
        "reason text",
        "status = 'cancelled', reason = e.reason, due_at = NULL, worker = NULL,"
        " lease_until = NULL, send_at = NULL, slot_day = NULL",
    ),
    "message.retried": _transition(
        "", f"retry_at = e.timestamp, reason = NULL, attempt = 0, {_back_to_pending('e.timestamp')}"
    ),
    "message.delivered": _mark("delivered_at", _delivered),
    "message.read": _mark("read_at", _read),
}

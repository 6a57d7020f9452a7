"""The queue: the events of every message's way into rows of ``broadcast_messages``.

Whether a message is due is decided here, at every change of it, from its own state and its
campaign's or sequence's: ``due_at`` is null unless the message is pending and not held. What else
may become of a message is in ``message_changes``; what runners ask of the queue is in
``projections.queue``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projections.readmodels.counters import Tally
from projections.readmodels.handler import Handlers, handler
from projections.schema.expressions import SENDING_STATUS, counted_owner, quarter

# Whose counts message ``m`` is in.
OWNER = counted_owner()
# SQL: when event ``e`` happened, as series are counted.
AT = quarter('e."timestamp"')

# What a claim and a dispatch say.
_CLAIM = "worker text, send_at timestamptz, slot_day date, lease_until timestamptz, slot_epoch int"
_DISPATCH = "content_id text, body_sha256 text, dispatch_epoch int"


def moved(tally: Tally, rows: Sequence[Any]) -> int:
    """``rows`` say what went from where to where, see ``counters.Moved``."""
    return tally.moved(rows)


def _delivered(tally: Tally, rows: Sequence[Any]) -> int:
    return tally.marked("delivered", rows)


def _read(tally: Tally, rows: Sequence[Any]) -> int:
    return tally.marked("read", rows)


# The end of every statement that moves messages: its rows have the fields of ``counters.Moved``.
COUNT_MOVED = """
    SELECT owner_id, step, device_id, day, was, "now", was_reason, now_reason, count(*)::int,
        array_agg(enrollment_id), NULL
    FROM changed GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
# The same of those that are sent or fail: ``changed`` has the quarter of an hour, too.
COUNT_ENDED = """
    SELECT owner_id, step, device_id, day, was, "now", was_reason, now_reason, count(*)::int,
        array_agg(enrollment_id), at
    FROM changed GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 11
"""

# The reaper finds here what a worker did not finish.
_KEEP_LEASE = """
    INSERT INTO leases AS t (worker, lease_until, message_ids)
    SELECT worker, lease_until, array_agg(originator_id) FROM e GROUP BY worker, lease_until
    ON CONFLICT (worker, lease_until) DO UPDATE
    SET message_ids = t.message_ids || excluded.message_ids
"""

# The pace as it is planned. A slot of a clock that was ahead is later than those given after it:
# the epoch says what came after. So the row does not depend on how events fell into batches.
_KEEP_SLOT = """
    UPDATE device_slots l SET last_slot_at = n.send_at, epoch = n.epoch
    FROM (SELECT DISTINCT ON (device_id) device_id, send_at, coalesce(slot_epoch, 0) AS epoch
          FROM changed ORDER BY device_id, coalesce(slot_epoch, 0) DESC, send_at DESC) n
    WHERE l.device_id = n.device_id AND (l.last_slot_at IS NULL
        OR (n.epoch, n.send_at) > (l.epoch, l.last_slot_at))
"""

# The pace as it is kept. Of messages dispatched at the same instant the one with the highest id
# counts, so that a rebuild keeps the same.
_KEEP_DISPATCH = """
    UPDATE device_dispatches h
    SET dispatched_at = n.at, message_id = n.message_id, epoch = n.epoch
    FROM (SELECT DISTINCT ON (device_id) device_id, queued_at AS at, message_id,
              coalesce(dispatch_epoch, 0) AS epoch
          FROM changed
          ORDER BY device_id, coalesce(dispatch_epoch, 0) DESC, queued_at DESC, message_id DESC) n
    WHERE h.device_id = n.device_id AND (h.dispatched_at IS NULL
        OR (n.epoch, n.at, n.message_id) > (h.epoch, h.dispatched_at, h.message_id))
"""

# Receipts may name a message by the provider's id alone. The sandbox's name ours. A subquery, and
# no join, so that each device is looked up by its id whatever the planner thinks of their number.
KEEP_PROVIDER_ID = """
    INSERT INTO provider_ids (device_id, provider_id, message_id)
    SELECT c.device_id, c.provider_id, c.message_id FROM changed c
    WHERE c.provider_id <> ''
      AND (SELECT gateway FROM devices d WHERE d.device_id = c.device_id) <> 'sandbox'
    ON CONFLICT DO NOTHING
"""

# The owners of what ``source`` names, ``c`` and ``s``, as they are now and stay until the commit.
# Without the lock a campaign or a sequence could hold or free its messages at the same time, and
# would not see what becomes pending here.
LOCK_OWNERS = f"""c AS MATERIALIZED (
    SELECT campaign_id, {SENDING_STATUS.format(c="")} AS status, undo_until FROM campaigns
    WHERE campaign_id IN (SELECT campaign_id FROM {{source}}) FOR SHARE
), s AS MATERIALIZED (
    SELECT sequence_id, status, cancel_pending FROM sequences
    WHERE sequence_id IN (SELECT sequence_id FROM {{source}}) FOR SHARE
)"""

_SCHEDULED = f"""
WITH e AS ({{events}}), {LOCK_OWNERS.format(source="e")}, changed AS (
    INSERT INTO broadcast_messages (message_id, version, status, lead_id, device_id,
        campaign_id, sequence_id, enrollment_id, step, scheduled_at, planned_at, expires_at,
        attempt, decided_by, due_at)
    SELECT e.originator_id, e.originator_version, 'pending', e.lead_id, e.device_id,
        e.campaign_id, e.sequence_id, e.enrollment_id, coalesce(e.step, 0), e.scheduled_at,
        e.scheduled_at, e.expires_at, 0, coalesce(e.decided_by, 0),
        CASE WHEN coalesce(e.decided_by, 0) = 0
            AND NOT message_is_held(c.status, s.status, s.cancel_pending)
            THEN greatest(e.scheduled_at, c.undo_until) END
    FROM e
    LEFT JOIN c ON c.campaign_id = e.campaign_id
    LEFT JOIN s ON s.sequence_id = e.sequence_id
    WHERE e.originator_version = 1
    RETURNING {counted_owner("")} AS owner_id, step
)
SELECT owner_id, step, NULL, NULL, NULL, 'pending', NULL, NULL, count(*)::int, NULL, NULL
FROM changed GROUP BY 1, 2
"""

# The steps that every message makes, each from the one status in which it is possible. The row as
# it was need not be looked up, because the version says it. Whoever decided without a lock on the
# row may find that it has moved on: then fewer rows change, and the transaction keeps nothing.
_CLAIMED = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'processing', worker = e.worker,
        send_at = e.send_at, slot_day = e.slot_day, lease_until = e.lease_until, due_at = NULL
    FROM e
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
    RETURNING {OWNER} AS owner_id, m.step, m.device_id,
        m.slot_day AS day, 'pending' AS was, m.status AS "now", NULL AS was_reason,
        m.reason AS now_reason, m.enrollment_id, m.send_at, e.slot_epoch
), lease AS ({_KEEP_LEASE}), slot AS ({_KEEP_SLOT})
{COUNT_MOVED}"""

_QUEUED = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'queued', queued_at = e.timestamp,
        answered_at = NULL, attempt = m.attempt + 1, content_id = e.content_id,
        body_sha256 = e.body_sha256
    FROM e
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
    RETURNING {OWNER} AS owner_id, m.step, m.device_id,
        m.slot_day AS day, 'processing' AS was, m.status AS "now", NULL AS was_reason,
        m.reason AS now_reason, m.enrollment_id, m.message_id, m.queued_at, e.dispatch_epoch
), dispatch AS ({_KEEP_DISPATCH})
{COUNT_MOVED}"""

# A claim and the dispatch in its transaction: one change of the row instead of two.
_CLAIMED_AND_QUEUED = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'queued', worker = e.worker,
        send_at = e.send_at, slot_day = e.slot_day, lease_until = e.lease_until, due_at = NULL,
        queued_at = e.timestamp, answered_at = NULL, attempt = m.attempt + 1,
        content_id = e.content_id, body_sha256 = e.body_sha256
    FROM e
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 2
    RETURNING {OWNER} AS owner_id, m.step, m.device_id,
        m.slot_day AS day, 'pending' AS was, m.status AS "now", NULL AS was_reason,
        m.reason AS now_reason, m.enrollment_id, m.message_id, m.send_at, m.queued_at,
        e.slot_epoch, e.dispatch_epoch
), lease AS ({_KEEP_LEASE}), slot AS ({_KEEP_SLOT}), dispatch AS ({_KEEP_DISPATCH})
{COUNT_MOVED}"""

_SENT = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'sent', answered_at = e.timestamp,
        sent_at = e.timestamp, provider_id = e.provider_id, reason = NULL
    FROM e
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
    RETURNING {OWNER} AS owner_id, m.step, m.device_id,
        m.slot_day AS day, 'queued' AS was, m.status AS "now", NULL AS was_reason,
        m.reason AS now_reason, m.enrollment_id, m.message_id, m.provider_id, {AT} AS at
), provider_id AS ({KEEP_PROVIDER_ID})
{COUNT_ENDED}"""

_DELIVERED = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m SET version = e.originator_version, delivered_at = e.timestamp
    FROM e WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
    RETURNING {OWNER} AS owner_id, m.step, {AT} AS at
)
SELECT owner_id, step, at, count(*)::int FROM changed GROUP BY 1, 2, 3
"""

_READ = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m SET version = e.originator_version, read_at = e.timestamp
    FROM e WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
    RETURNING {OWNER} AS owner_id, m.step, {AT} AS at
)
SELECT owner_id, step, at, count(*)::int FROM changed GROUP BY 1, 2, 3
"""

HANDLERS: Handlers = {
    ("message.scheduled",): (
        handler(
            _SCHEDULED,
            "lead_id uuid, device_id uuid, campaign_id uuid, sequence_id uuid, enrollment_id uuid,"
            " step int, scheduled_at timestamptz, expires_at timestamptz, decided_by int",
            counted=moved,
        ),
    ),
    ("message.claimed",): (handler(_CLAIMED, _CLAIM, counted=moved),),
    ("message.claimed", "message.queued"): (
        handler(_CLAIMED_AND_QUEUED, _CLAIM, _DISPATCH, counted=moved),
    ),
    ("message.queued",): (handler(_QUEUED, _DISPATCH, counted=moved),),
    ("message.sent",): (handler(_SENT, "provider_id text", counted=moved),),
    ("message.delivered",): (handler(_DELIVERED, counted=_delivered),),
    ("message.read",): (handler(_READ, counted=_read),),
}

"""What may become of a message beside its usual way, into rows of ``broadcast_messages``.

These events are rare, and come in any status that allows them. So each statement looks up the row
as it was, ``old``: the counters have to know what a message is no longer, and on which day its slot
was.
"""

from __future__ import annotations

from projections.readmodels.handler import Handlers, handler
from projections.readmodels.messages import (
    AT,
    COUNT_ENDED,
    COUNT_MOVED,
    KEEP_PROVIDER_ID,
    LOCK_OWNERS,
    OWNER,
    moved,
)

_RETURNING = f"""
    RETURNING {OWNER} AS owner_id, m.step, m.device_id,
        coalesce(old.slot_day, m.slot_day) AS day, old.status AS was, m.status AS "now",
        old.reason AS was_reason, m.reason AS now_reason, m.enrollment_id, m.message_id,
        m.provider_id
"""

_OWNERS = LOCK_OWNERS.format(
    source="e JOIN broadcast_messages old ON old.message_id = e.originator_id"
)
# The rows as they were, each with its campaign or sequence, which says whether it is held.
_FROM_OLD = """FROM e
    JOIN broadcast_messages old ON old.message_id = e.originator_id
    LEFT JOIN c ON c.campaign_id = old.campaign_id
    LEFT JOIN s ON s.sequence_id = old.sequence_id"""

_RELEASED = f"""
WITH e AS ({{events}}), {_OWNERS}, changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'pending', reason = e.reason, worker = NULL,
        lease_until = NULL, send_at = NULL, slot_day = NULL,
        due_at = CASE WHEN NOT message_is_held(c.status, s.status, s.cancel_pending)
            THEN greatest(coalesce(old.retry_at, old.scheduled_at), c.undo_until) END
    {_FROM_OLD}
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1 {_RETURNING}
)
{COUNT_MOVED}"""

_DEFERRED = f"""
WITH e AS ({{events}}), {_OWNERS}, changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'pending', answered_at = e.timestamp,
        retry_at = e.retry_at, reason = e.reason, worker = NULL, lease_until = NULL,
        send_at = NULL, slot_day = NULL,
        due_at = CASE WHEN NOT message_is_held(c.status, s.status, s.cancel_pending)
            THEN greatest(e.retry_at, c.undo_until) END
    {_FROM_OLD}
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1 {_RETURNING}
)
{COUNT_MOVED}"""

_RESCHEDULED = f"""
WITH e AS ({{events}}), {_OWNERS}, changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'pending', scheduled_at = e.scheduled_at,
        retry_at = NULL, reason = e.reason, worker = NULL, lease_until = NULL, send_at = NULL,
        slot_day = NULL, decided_by = CASE WHEN e.reason <> 'branch' THEN old.decided_by ELSE 0 END,
        due_at = CASE WHEN (e.reason = 'branch' OR old.decided_by = 0)
            AND NOT message_is_held(c.status, s.status, s.cancel_pending)
            THEN greatest(e.scheduled_at, c.undo_until) END
    {_FROM_OLD}
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1 {_RETURNING}
)
{COUNT_MOVED}"""

_MOVED = """
WITH e AS ({events})
UPDATE broadcast_messages m SET version = e.originator_version, device_id = e.device_id
FROM e WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
"""

_FAILED = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'failed', answered_at = e.timestamp,
        failed_at = e.timestamp, reason = e.code
    FROM e JOIN broadcast_messages old ON old.message_id = e.originator_id
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
    {_RETURNING}, {AT} AS at
)
{COUNT_ENDED}"""

_OUTCOME_UNKNOWN = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'unknown', answered_at = e.timestamp,
        reason = e.reason
    FROM e JOIN broadcast_messages old ON old.message_id = e.originator_id
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1 {_RETURNING}
)
{COUNT_MOVED}"""

_CANCELLED = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'cancelled', reason = e.reason, due_at = NULL,
        decided_by = 0, worker = NULL, lease_until = NULL, send_at = NULL, slot_day = NULL
    FROM e JOIN broadcast_messages old ON old.message_id = e.originator_id
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1 {_RETURNING}
)
{COUNT_MOVED}"""


def _sent_again(condition: str) -> str:
    """An operator wants the message sent again, and its attempts counted anew."""
    return f"""
WITH e AS ({{events}}), {_OWNERS}, changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'pending', retry_at = e.timestamp, reason = NULL,
        attempt = 0, worker = NULL, lease_until = NULL, send_at = NULL, slot_day = NULL,
        due_at = CASE WHEN NOT message_is_held(c.status, s.status, s.cancel_pending)
            THEN greatest(e.timestamp, c.undo_until) END
    {_FROM_OLD}
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1 {condition}
    {_RETURNING}
)
{COUNT_MOVED}"""


# An unknown outcome is settled in one of three ways; each statement picks its own events.
_RESOLVED_AS_SENT = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'sent', sent_at = e.timestamp,
        provider_id = e.provider_id, reason = e.reason
    FROM e JOIN broadcast_messages old ON old.message_id = e.originator_id
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
      AND e.resolution = 'sent' {_RETURNING}, {AT} AS at
), provider_id AS ({KEEP_PROVIDER_ID})
{COUNT_ENDED}"""

_RESOLVED_AS_FAILED = f"""
WITH e AS ({{events}}), changed AS (
    UPDATE broadcast_messages m
    SET version = e.originator_version, status = 'failed', failed_at = e.timestamp,
        reason = e.reason
    FROM e JOIN broadcast_messages old ON old.message_id = e.originator_id
    WHERE m.message_id = e.originator_id AND m.version = e.originator_version - 1
      AND e.resolution = 'failed' {_RETURNING}, {AT} AS at
)
{COUNT_ENDED}"""

HANDLERS: Handlers = {
    ("message.released",): (handler(_RELEASED, "reason text", counted=moved),),
    ("message.failed",): (handler(_FAILED, "code text", counted=moved),),
    ("message.deferred",): (
        handler(_DEFERRED, "retry_at timestamptz, reason text", counted=moved),
    ),
    ("message.rescheduled",): (
        handler(_RESCHEDULED, "scheduled_at timestamptz, reason text", counted=moved),
    ),
    ("message.moved",): (handler(_MOVED, "device_id uuid"),),
    ("message.outcome_unknown",): (handler(_OUTCOME_UNKNOWN, "reason text", counted=moved),),
    ("message.resolved",): (
        handler(
            _RESOLVED_AS_SENT,
            "resolution text, reason text, provider_id text",
            counted=moved,
        ),
        handler(_RESOLVED_AS_FAILED, "resolution text, reason text", counted=moved),
        handler(_sent_again("AND e.resolution = 'retried'"), "resolution text", counted=moved),
    ),
    ("message.cancelled",): (handler(_CANCELLED, "reason text", counted=moved),),
    ("message.retried",): (handler(_sent_again(""), counted=moved),),
}

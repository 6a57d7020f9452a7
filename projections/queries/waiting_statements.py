"""The statements by which ``waiting_summary`` reads what pending messages wait for."""

from __future__ import annotations

from projections.queue.lookup import NOT_ASIDE
from projections.schema.expressions import LIMIT_TODAY, SENDING_STATUS, TODAY

TOTAL = "SELECT coalesce(sum(pending), 0)::int AS pending FROM message_counts"

UNRECORDABLE = """
SELECT m.device_id, coalesce(m.campaign_id, m.sequence_id) AS owner_id, m.due_at
FROM quarantine q JOIN broadcast_messages m ON m.message_id = q.id
WHERE q.kind = 'message' AND m.status = 'pending'
"""

HELD = f"""
SELECT c.campaign_id, NULL::uuid AS sequence_id, c.name AS owner, c.status AS owner_status,
    n.pending AS count, c.awaits_approval
FROM campaigns c JOIN message_counts n ON n.owner_id = c.campaign_id
WHERE message_is_held({SENDING_STATUS.format(c="c.")}, NULL, NULL) AND n.pending > 0
UNION ALL
SELECT NULL, s.sequence_id, s.name, s.status, sum(n.pending)::int, false
FROM sequences s JOIN message_counts n ON n.owner_id = s.sequence_id
WHERE message_is_held(NULL, s.status, s.cancel_pending) AND n.pending > 0
GROUP BY s.sequence_id, s.name, s.status
"""

# What a sequence that is not held plans for people of whom it is not decided whether they get it.
UNDECIDED = """
SELECT NULL::uuid AS campaign_id, s.sequence_id, s.name AS owner, m.count
FROM (SELECT sequence_id, count(*)::int AS count FROM broadcast_messages
      WHERE decided_by > 0 GROUP BY 1) m
JOIN sequences s USING (sequence_id)
WHERE NOT message_is_held(NULL, s.status, s.cancel_pending)
"""

# Everything of a device that cannot send; of one that can, what is due.
OF_DEVICES = f"""
SELECT d.*, {LIMIT_TODAY} AS limit_today, k.last_slot_at,
    coalesce(u.claimed, 0) AS used_today, m.count
FROM devices d JOIN device_slots k USING (device_id)
LEFT JOIN device_days u ON u.device_id = d.device_id
    AND u.day = {TODAY}
CROSS JOIN LATERAL (
    SELECT count(*)::int AS count FROM broadcast_messages m
    WHERE m.device_id = d.device_id
      AND m.due_at <= CASE WHEN d.status = 'online' THEN %(now)s::timestamptz ELSE 'infinity' END
) m
WHERE m.count > 0
"""

# What was put off is one group to the minute, the rest to the hour.
GROUP = """
    m.due_at = m.planned_at AS kept,
        date_bin(CASE WHEN m.due_at = m.planned_at THEN interval '1 hour'
            ELSE interval '1 minute' END, m.due_at, 'epoch'::timestamptz) AS due
"""

LATER = f"""
SELECT m.campaign_id, m.sequence_id, coalesce(c.name, s.name, '') AS owner, m.deferred,
    m.until, CASE WHEN m.until = c.undo_until THEN 'undo' ELSE m.reason END AS reason, m.count,
    jsonb_path_exists(coalesce(c.definition, s.definition, '{{}}'), '$.windows[*]')
        AS has_windows
FROM (
    SELECT m.campaign_id, m.sequence_id, m.reason, m.retry_at IS NOT NULL AS deferred,
        date_bin('1 minute', m.due_at, 'epoch'::timestamptz), min(m.due_at) AS until,
        count(*)::int AS count
    FROM devices d JOIN broadcast_messages m USING (device_id)
    WHERE d.status = 'online' AND m.due_at > %(now)s AND {NOT_ASIDE}
    GROUP BY 1, 2, 3, 4, 5
) m
LEFT JOIN campaigns c USING (campaign_id) LEFT JOIN sequences s USING (sequence_id)
"""

# Devices by number, because there is no least id before PostgreSQL 18. What was never put off is
# due when it was planned. The claim's index does not say what is in quarantine, which is little.
LATER_BY_ONE = f"""
WITH d AS MATERIALIZED (
    SELECT device_id, row_number() OVER (ORDER BY device_id)::int AS number FROM devices
    WHERE status = 'online'
), aside AS MATERIALIZED (
    SELECT {GROUP}, count(*)::int AS count
    FROM quarantine q JOIN broadcast_messages m ON m.message_id = q.id JOIN d USING (device_id)
    WHERE q.kind = 'message' AND m.due_at > %(now)s GROUP BY 1, 2
)
SELECT NULL::uuid AS campaign_id, NULL::uuid AS sequence_id, '' AS owner, m.deferred,
    CASE WHEN g.until = c.undo_until THEN 'undo' ELSE m.reason END AS reason,
    g.until, g.count - coalesce(a.count, 0) AS count, true AS has_windows
FROM (
    SELECT {GROUP}, min(m.due_at) AS until, min(d.number) AS number, count(*)::int AS count
    FROM d JOIN broadcast_messages m USING (device_id)
    WHERE m.due_at > %(now)s GROUP BY 1, 2 ORDER BY count DESC LIMIT %(groups)s
) g
LEFT JOIN aside a USING (kept, due)
JOIN d USING (number)
CROSS JOIN LATERAL (
    SELECT m.reason, m.retry_at IS NOT NULL AS deferred, m.campaign_id
    FROM broadcast_messages m
    WHERE m.device_id = d.device_id AND m.due_at > %(now)s AND m.due_at >= g.due
      AND m.due_at < g.due + interval '1 hour' AND (m.due_at = m.planned_at) = g.kept
    ORDER BY m.due_at LIMIT 1
) m
LEFT JOIN campaigns c ON c.campaign_id = m.campaign_id
"""

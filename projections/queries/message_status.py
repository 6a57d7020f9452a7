"""The messages of a status, as a condition that an index answers where the status is rare.

An index that named ``status`` would get an entry at every step of every message. So each condition
says the same by a column that changes seldom, or by the rows of another table.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from projections.database.engine import rows, uuids
from projections.schema.expressions import SENDING_STATUS
from projections.schema.read_models import OFF_PATH

# What is claimed or dispatched is in a lease, until the reaper finds that nothing of it is open.
_LEASED = "status = %(status)s AND message_id = ANY(ARRAY(SELECT unnest(message_ids) FROM leases))"

# What is pending is due at some time, unless its campaign or its sequence holds it, or a branch has
# still to be decided.
_DUE = "due_at IS NOT NULL"
_UNDECIDED = "decided_by > 0"
_HELD = """status = 'pending'
    AND (campaign_id = ANY(%(holding)s::uuid[]) OR sequence_id = ANY(%(holding)s::uuid[]))"""
_HOLDING = f"""
SELECT campaign_id AS id FROM campaigns c
WHERE message_is_held({SENDING_STATUS.format(c="c.")}, NULL, NULL) AND EXISTS (
    SELECT FROM message_counts n WHERE n.owner_id = c.campaign_id AND n.pending > 0)
UNION ALL
SELECT sequence_id FROM sequences s
WHERE message_is_held(NULL, status, cancel_pending) AND EXISTS (
    SELECT FROM message_counts n WHERE n.owner_id = s.sequence_id AND n.pending > 0)
"""


def condition(connection: Connection, status: str) -> tuple[str, dict[str, Any]]:
    """The SQL that is true of the messages of the status ``%(status)s``, and of no others, and its
    further parameters.

    Where it must be, it reads which campaigns and sequences hold messages: ids, not more than there
    are of those. Messages that are sent have no index.
    """
    if status in OFF_PATH:
        return "off_path = %(status)s", {}
    if status in ("processing", "queued"):
        # Leases are many after a large campaign, until the reaper comes. The counts say it at once.
        has = rows(connection, f"SELECT FROM message_counts WHERE {status} > 0 LIMIT 1")
        return (_LEASED if has else "false"), {}
    if status == "pending":
        ways, parameters = [_DUE], {}
        if rows(connection, f"SELECT FROM broadcast_messages WHERE {_UNDECIDED} LIMIT 1"):
            ways.append(_UNDECIDED)
        holding = [row.id for row in rows(connection, _HOLDING)]
        if holding:
            ways.append(_HELD)
            parameters["holding"] = uuids(holding)
        return f"({' OR '.join(ways)})", parameters
    return "status = %(status)s", {}

"""Leads whose personal data nobody can read, though they were not erased: their keys are missing.

An erased lead has no key, and that is right. After a restore without ``lead_keys`` every lead looks
erased, and a rebuild would blank them all. A lead of which no event is encrypted needs no key: an
earlier release registered it.
"""

from __future__ import annotations

from sqlalchemy import Connection

from domain.errors import StorageError
from projections.database.engine import rows
from projections.database.whole_tables import planned_by_size

# Where the leads come from. Those without key are found first: mostly they are few, and whatever
# else is asked takes a look-up for each.
_BY_READ_MODEL = """
WITH keyless AS MATERIALIZED (
    SELECT lead_id FROM leads l
    WHERE NOT EXISTS (SELECT FROM lead_keys k WHERE k.lead_id = l.lead_id)
)
SELECT lead_id FROM keyless JOIN leads l USING (lead_id) WHERE l.erased_at IS NULL
"""
_BY_LOG = """
WITH keyless AS MATERIALIZED (
    SELECT DISTINCT originator_id AS lead_id FROM stored_events r
    WHERE r.topic = 'lead.registered'
      AND NOT EXISTS (SELECT FROM lead_keys k WHERE k.lead_id = r.originator_id)
)
SELECT lead_id FROM keyless
WHERE NOT EXISTS (
    SELECT FROM stored_events x
    WHERE x.originator_id = keyless.lead_id AND x.topic = 'lead.erased'
)
"""
# An event is encrypted if ``sealed`` is its own last field, as ``encryption`` writes it. The bytes
# are compared, because what somebody tampered with may be no JSON. A field of that name among the
# attributes of an event in the clear is in an object of its own, which ends with more braces.
_COUNT = """
SELECT count(*) FROM ({leads}) l WHERE EXISTS (
    SELECT FROM stored_events e
    WHERE e.originator_id = l.lead_id AND e.state LIKE '%%"sealed":"%%"}}'::bytea
)
"""


def by_read_model(connection: Connection) -> int:
    """How many leads of the table ``leads`` are not erased, have encrypted events and no key.

    It takes look-ups in indexes: about a second for a million leads with keys, ten times as long
    without.
    """
    return int(rows(connection, _COUNT.format(leads=_BY_READ_MODEL))[0][0])


def by_log(connection: Connection) -> int:
    """How many leads of the log are not erased, have encrypted events and no key.

    It reads the whole log.
    """
    with planned_by_size(connection):
        return int(rows(connection, _COUNT.format(leads=_BY_LOG))[0][0])


def warning(count: int) -> str:
    """One line about ``count`` leads without key."""
    if count == 1:
        return "1 lead that was not erased has no key"
    return f"{count} leads that were not erased have no key"


def advice(count: int) -> str:
    """One line about ``count`` leads without key, and what to do."""
    return (
        f"{warning(count)}: restore the table lead_keys from a backup, and rebuild nothing before"
    )


def refuse_without(connection: Connection) -> None:
    """Raise StorageError, with their number, if leads that the log does not erase have no key."""
    if count := by_log(connection):
        raise StorageError(advice(count))

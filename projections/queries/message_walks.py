"""Pages of messages along other indexes than that of their ids.

Ids are in the order of time. So whoever walks along them for the messages of one campaign passes
all that were planned before, and for what is pending all that was sent. An index that had those
would get an entry for every message. But there are indexes of a campaign's leads, and of a
sequence's enrollments and steps; and the counters say which campaigns and sequences have messages
of a status. None of these columns of a message ever changes, so the id of the last message of a
page says where the next one begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import InvalidInputError
from domain.message import STATUSES
from projections.database.engine import rows
from projections.queries.filters import Condition
from projections.schema.expressions import NO_OWNER

# So many pending messages are found, and sorted, by the claim's index.
FEW_PENDING = 5000
# Of so many messages one is sent, or more: then the walk along the ids soon has a page.
SELDOM = 50
# Of a status that an index has, see ``message_status``, or that most messages have.
_WALKED = (None, "pending", "sent")
_CAMPAIGN, _SEQUENCE, _NONE = "campaign", "sequence", "none"
# What the messages of a kind of owner are, and in which order they are walked.
_OF = {
    _CAMPAIGN: ("r.campaign_id = %(owner)s", ("lead_id",)),
    _SEQUENCE: ("r.sequence_id = %(owner)s", ("enrollment_id", "step")),
    _NONE: ("r.campaign_id IS NULL AND r.sequence_id IS NULL", ("message_id",)),
}
_SUMS = ", ".join(f"coalesce(sum({each}), 0)::int AS {each}" for each in STATUSES)
_TOTALS = f"SELECT {_SUMS} FROM message_counts"
# Who has messages of a status: campaigns as they begin, then sequences, then what has neither.
_OWNERS = """
SELECT CASE WHEN c.campaign_id IS NOT NULL THEN 'campaign'
        WHEN n.owner_id = %(none)s THEN 'none' ELSE 'sequence' END AS kind,
    n.owner_id, c.scheduled_at
FROM (SELECT owner_id FROM message_counts GROUP BY 1 HAVING sum({status}) > 0) n
LEFT JOIN campaigns c ON c.campaign_id = n.owner_id
"""
_STEPS = "SELECT step FROM message_counts WHERE owner_id = %(owner)s AND {status} > 0"
_PLACE = """
SELECT CASE WHEN m.campaign_id IS NOT NULL THEN 'campaign'
        WHEN m.sequence_id IS NOT NULL THEN 'sequence' ELSE 'none' END AS kind,
    coalesce(m.campaign_id, m.sequence_id, %(none)s) AS owner_id, c.scheduled_at,
    m.message_id, m.lead_id, m.enrollment_id, m.step
FROM broadcast_messages m LEFT JOIN campaigns c USING (campaign_id)
WHERE m.message_id = %(id)s
"""


def walked(
    connection: Connection,
    source: str,
    filters: Mapping[str, Any],
    *,
    limit: int,
    after: UUID | None,
    newest_first: bool = False,
) -> Sequence[Any] | None:
    """Up to ``limit`` messages of the ``source``, a table or subquery, that pass the ``filters``,
    after the message ``after``; None where their ids are what to walk along. ``newest_first`` turns
    the order around. Raises InvalidInputError for an ``after`` that is none."""
    wanted = {name: value for name, value in filters.items() if value is not None}
    status = wanted.pop("status", None)
    if status not in _WALKED:
        return None
    if len(wanted) == 1 and (owner := wanted.get("campaign_id")) is not None:
        kind = _CAMPAIGN
    elif len(wanted) == 1 and (owner := wanted.get("sequence_id")) is not None:
        kind = _SEQUENCE
    elif not wanted and status is not None:
        owner, kind = None, ""
    else:
        return None
    by_owner = owner is not None or newest_first
    if status is not None and not _is_walked(connection, status, by_owner=by_owner):
        return None
    place = None if after is None else _place(connection, after)
    if owner is not None:
        return _of_owner(connection, source, kind, owner, status, place, limit, newest_first)
    return _of_all(connection, source, str(status), place, limit, newest_first)


def _is_walked(connection: Connection, status: str, *, by_owner: bool) -> bool:
    """Whether there are so many of the status that no index helps, or so few. What was sent lies
    behind all that is pending, for whoever begins at the newest."""
    (totals,) = rows(connection, _TOTALS)
    if status == "pending":
        return int(totals.pending) > FEW_PENDING
    return by_owner or int(totals.sent) * SELDOM < sum(totals)


def _of_all(
    connection: Connection,
    source: str,
    status: str,
    place: Any,
    limit: int,
    newest_first: bool,
) -> Sequence[Any]:
    """Those of the status, of one owner after the other."""
    owners = rows(connection, _OWNERS.format(status=status), none=NO_OWNER)
    found: list[Any] = []
    for each in sorted(owners, key=_order, reverse=newest_first):
        if place is not None and _is_passed(each, place, newest_first):
            continue
        within = place if place is not None and each.owner_id == place.owner_id else None
        left = limit - len(found)
        found += _of_owner(
            connection, source, each.kind, each.owner_id, status, within, left, newest_first
        )
        if len(found) == limit:
            break
    return found


def _of_owner(
    connection: Connection,
    source: str,
    kind: str,
    owner: UUID,
    status: str | None,
    place: Any,
    limit: int,
    newest_first: bool,
) -> Sequence[Any]:
    of_owner, columns = _OF[kind]
    order = ", ".join(f"r.{each}" for each in columns)
    turned = ", ".join(f"r.{each} DESC" for each in columns) if newest_first else order
    conditions = [Condition(of_owner, {"owner": str(owner)})]
    if status is not None:
        steps = [
            row.step for row in rows(connection, _STEPS.format(status=status), owner=str(owner))
        ]
        if not steps:
            return []
        # Of a sequence the index has the steps, so that those of which none has it cost little.
        of_steps = "r.step = ANY(%(steps)s::int[])"
        conditions.append(Condition(of_steps, {"steps": f"{{{','.join(map(str, steps))}}}"}))
        conditions.append(Condition("r.status = %(status)s", {"status": status}))
    if place is not None:
        names = ", ".join(f"%(after_{each})s" for each in columns)
        after = {f"after_{each}": _text(getattr(place, each)) for each in columns}
        sign = "<" if newest_first else ">"
        conditions.append(Condition(f"({order}) {sign} ({names})", after))
    parameters = {name: value for each in conditions for name, value in each.parameters.items()}
    return rows(
        connection,
        f"SELECT * FROM {source} r WHERE {' AND '.join(each.sql for each in conditions)}"
        f" ORDER BY {turned} LIMIT %(limit)s",
        **parameters,
        limit=limit,
    )


def _place(connection: Connection, message_id: UUID) -> Any:
    found = rows(connection, _PLACE, id=str(message_id), none=NO_OWNER)
    if not found:
        raise InvalidInputError("cursor", "the next_cursor of an earlier answer")
    return found[0]


def _is_passed(owner: Any, place: Any, newest_first: bool) -> bool:
    """Whether the owner comes before that of the message in ``place``."""
    first, second = (place, owner) if newest_first else (owner, place)
    return _order(first) < _order(second)


def _order(row: Any) -> tuple[str, float, UUID]:
    """The place of an owner among the others."""
    begins = row.scheduled_at.timestamp() if row.scheduled_at is not None else 0.0
    kinds = (_CAMPAIGN, _SEQUENCE, _NONE)
    return str(kinds.index(row.kind)), begins, row.owner_id


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value

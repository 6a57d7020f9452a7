"""What waits for a person, whoever asks: the command line, the API and the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from projections.database.engine import rows
from projections.queries.operations import moment, unattributed_line
from projections.records import unattributed

# So many of a kind are named one by one, or less.
NAMED = 20

Kind = Literal[
    "unknown",
    "failed",
    "campaign_approval",
    "sequence_approval",
    "braked",
    "device_offline",
    "unattributed",
]

_MESSAGES = """
SELECT coalesce(sum(unknown), 0)::int AS unknown, coalesce(sum(failed), 0)::int AS failed
FROM message_counts
"""

_CAMPAIGNS = f"""
SELECT campaign_id AS id, name, count(*) OVER ()::int AS total FROM campaigns
WHERE awaits_approval AND status IN ('pending', 'triggering', 'triggered', 'paused')
ORDER BY name, campaign_id LIMIT {NAMED}
"""

_SEQUENCES = f"""
SELECT sequence_id AS id, name, count(*) OVER ()::int AS total FROM sequences
WHERE proposals <> '[]' AND status IN ('active', 'paused')
ORDER BY name, sequence_id LIMIT {NAMED}
"""

_BRAKED = f"""
SELECT campaign_id AS id, name, count(*) OVER ()::int AS total FROM campaigns
WHERE braked IS NOT NULL AND status = 'paused'
ORDER BY name, campaign_id LIMIT {NAMED}
"""

_OFFLINE = f"""
SELECT device_id AS id, name, reason, offline_since, count(*) OVER ()::int AS total FROM devices
WHERE status = 'offline' ORDER BY name, device_id LIMIT {NAMED}
"""


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` things of a ``kind`` that a person should look at; ``text`` is a line. Of one
    campaign, sequence or device ``id`` and ``name`` are its own."""

    kind: str
    count: int
    text: str
    id: UUID | None = None
    name: str | None = None


def attention(connection: Connection, now: datetime) -> list[Attention]:
    """What a person has to decide at ``now``, the most pressing first; what there is none of is
    left out."""
    (messages,) = rows(connection, _MESSAGES)
    strangers = unattributed.count(connection, now)
    return [
        *_messages("unknown", messages.unknown, "may have been sent or not"),
        *_each(
            "campaign_approval",
            rows(connection, _CAMPAIGNS),
            lambda row: f"campaign {row.name} waits for an approval",
            "campaigns wait for an approval: GET /api/v1/campaigns",
        ),
        *_each(
            "sequence_approval",
            rows(connection, _SEQUENCES),
            lambda row: f"what was proposed of sequence {row.name} waits for an approval",
            "sequences wait for an approval: GET /api/v1/sequences",
        ),
        *_each(
            "braked",
            rows(connection, _BRAKED),
            lambda row: f"campaign {row.name} paused itself",
            "campaigns paused themselves: GET /api/v1/campaigns?status=paused",
        ),
        *_each(
            "device_offline",
            rows(connection, _OFFLINE),
            _offline,
            "devices are offline: sendtrail devices list",
        ),
        *_messages("failed", messages.failed, "failed"),
        *(
            Attention(kind="unattributed", count=strangers, text=line)
            for line in filter(None, [unattributed_line(strangers)])
        ),
    ]


def _messages(status: str, count: int, became: str) -> Iterator[Attention]:
    if count:
        what = "1 message" if count == 1 else f"{count:,} messages"
        text = f"{what} {became}: sendtrail export messages --status {status}"
        yield Attention(kind=status, count=count, text=text)


def _each(
    kind: Kind, found: Sequence[Any], line: Callable[[Any], str], more: str
) -> Iterator[Attention]:
    """One for each row, and one for those that are not named: so many ``more``."""
    for row in found:
        yield Attention(kind=kind, count=1, text=line(row), id=row.id, name=row.name)
    others = found[0].total - len(found) if found else 0
    if others:
        yield Attention(kind=kind, count=others, text=f"{others:,} more {more}")


def _offline(row: Any) -> str:
    since = "" if row.offline_since is None else f" since {moment(row.offline_since)}"
    why = f": {row.reason}" if row.reason else ""
    return f"device {row.name} is offline{since}{why}"

"""The instants, ids and events from which the tests of the domain start."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from domain.event import Event

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ACTOR = "api:sales"
BY: dict[str, Any] = {"now": NOW, "actor": ACTOR}

ID = UUID("00000000-0000-4000-8000-000000000001")
LEAD = UUID("00000000-0000-4000-8000-00000000000a")
DEVICE = UUID("00000000-0000-4000-8000-00000000000b")
CAMPAIGN = UUID("00000000-0000-4000-8000-00000000000c")
SEQUENCE = UUID("00000000-0000-4000-8000-00000000000d")
ENROLLMENT = UUID("00000000-0000-4000-8000-00000000000e")

E = TypeVar("E", bound=Event)


def utc(*parts: int) -> datetime:
    """An instant in UTC: year, month, day, hour, minute, second, microsecond."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def event(cls: type[E], version: int, *, of: UUID = ID, at: datetime = NOW, **fields: Any) -> E:
    """The event at ``version`` in the stream of ``of``, done by ACTOR."""
    return cls(originator_id=of, originator_version=version, timestamp=at, actor=ACTOR, **fields)

"""The library's own PostgreSQL recorder, ``eventsourcing.postgres``, with its default settings.

It needs psycopg 3, which Sendtrail itself does not (``optional``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from sqlalchemy import make_url

from benchmarks.harness.sample_events import Planned

SCHEMA = "library"
# As the library names it after the application.
TABLE = f"{SCHEMA}.application_events"


@dataclass(frozen=True)
class StockPlanned(DomainEvent):
    """The fields of ``Planned``, as the library's frozen dataclass."""

    # Without it the topic would be this module's path, whose length is part of each row's size.
    TOPIC: ClassVar[str] = "benchmark.library_planned"
    actor: str
    lead_id: UUID
    lead_version: int
    device_id: UUID
    campaign_id: UUID
    step: int
    scheduled_at: datetime


def equivalent(events: Sequence[Planned]) -> list[StockPlanned]:
    """The same events, as the library has them."""
    return [
        StockPlanned(
            originator_id=e.originator_id,
            originator_version=e.originator_version,
            timestamp=e.timestamp,
            actor=e.actor,
            lead_id=e.lead_id,
            lead_version=e.lead_version,
            device_id=e.device_id,
            campaign_id=e.campaign_id,
            step=e.step,
            scheduled_at=e.scheduled_at,
        )
        for e in events
    ]


def application(url: str, *, create: bool = False) -> Application[UUID]:
    """An application on the library's recorder, in a schema of its own of that database, where it
    makes its table if it is to ``create`` it."""
    parts = make_url(url)
    host: Any = parts.query.get("host") or parts.host or ""
    return Application(
        {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": parts.database or "",
            "POSTGRES_HOST": host,
            "POSTGRES_PORT": str(parts.port or 5432),
            "POSTGRES_USER": parts.username or "",
            "POSTGRES_PASSWORD": parts.password or "",
            "POSTGRES_SCHEMA": SCHEMA,
            "CREATE_TABLE": "yes" if create else "no",
        }
    )

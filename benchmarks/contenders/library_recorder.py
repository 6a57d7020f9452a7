"""The library's own PostgreSQL recorder, ``eventsourcing.postgres``, with its default settings.

The recorder needs psycopg 3, which Sendtrail itself does not (``optional_packages``).
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

from benchmarks.harness.sample_events import MessagePlanned

# The schema of the library's table.
SCHEMA = "library"


@dataclass(frozen=True)
class LibraryMessagePlanned(DomainEvent):
    """The fields of ``MessagePlanned``, as the library's frozen dataclass."""

    # As long as the topic of MessagePlanned. By default it would be this class's path, so that the
    # size of a row would depend on where this module lives.
    TOPIC: ClassVar[str] = "benchmark.library_planned"

    actor: str
    lead_id: UUID
    lead_version: int
    device_id: UUID
    campaign_id: UUID
    step: int
    scheduled_at: datetime


def as_library_events(events: Sequence[MessagePlanned]) -> list[LibraryMessagePlanned]:
    """Convert the events to the library's dataclass."""
    return [
        LibraryMessagePlanned(
            originator_id=event.originator_id,
            originator_version=event.originator_version,
            timestamp=event.timestamp,
            actor=event.actor,
            lead_id=event.lead_id,
            lead_version=event.lead_version,
            device_id=event.device_id,
            campaign_id=event.campaign_id,
            step=event.step,
            scheduled_at=event.scheduled_at,
        )
        for event in events
    ]


def open_application(url: str, *, create_table: bool = False) -> Application[UUID]:
    """An application on the library's recorder, in ``SCHEMA`` of the database at ``url``."""
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
            "CREATE_TABLE": "yes" if create_table else "no",
        }
    )

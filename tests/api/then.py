"""Then: what is in the log."""

from __future__ import annotations

from typing import Any

from projections.composition import House
from projections.database import rows


def log(house: House) -> list[Any]:
    """The log as people read it: topic, actor, data and so on."""
    with house.database.transaction() as connection:
        return rows(connection, "SELECT * FROM event_log ORDER BY notification_id")


def topics(house: House) -> list[str]:
    """What happened, in order."""
    return [event.topic for event in log(house)]


def table(house: House, name: str) -> list[Any]:
    """All rows of a table."""
    with house.database.transaction() as connection:
        return rows(connection, f"SELECT * FROM {name}")

"""Ids that a question names: is there such a thing?

A question about something that there is not has no answer: zeros, or a list of nothing, would be a
wrong one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from domain.errors import InvalidInputError
from projections.database.engine import rows

# By the name of a filter: the table, the column there, and what has the id.
_NAMED = {
    "lead_id": ("leads", "lead_id", "a lead"),
    "device_id": ("devices", "device_id", "a device"),
    "campaign_id": ("campaigns", "campaign_id", "a campaign"),
    "sequence_id": ("sequences", "sequence_id", "a sequence"),
    "originator_id": ("stored_events", "originator_id", "something in the log"),
}


def check(connection: Connection, asked: Mapping[str, Any]) -> None:
    """Raises InvalidInputError for an id among the filters ``asked``, by their names, that nothing
    has. None is no filter."""
    for name, (table, column, what) in _NAMED.items():
        id_ = asked.get(name)
        if id_ is not None and not rows(
            connection, f"SELECT FROM {table} WHERE {column} = %(id)s LIMIT 1", id=str(id_)
        ):
            raise InvalidInputError(name, f"the id of {what}")

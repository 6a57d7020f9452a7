"""Then: what is in the database."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from time import monotonic
from typing import Any
from uuid import UUID

from domain.event import Event
from projections.container import Container
from projections.database.engine import Database, rows
from projections.eventstore.encryption import decrypt
from projections.eventstore.mapper import decode


def table(container: Container, name: str, order: str = "1") -> list[Any]:
    """All rows of a table."""
    with container.database.transaction() as connection:
        return rows(connection, f"SELECT * FROM {name} ORDER BY {order}")


def row(container: Container, name: str, **key: Any) -> Any:
    """The one row of a table with that key."""
    (column, value), *_ = key.items()
    with container.database.transaction() as connection:
        (found,) = rows(connection, f"SELECT * FROM {name} WHERE {column} = %(v)s", v=str(value))
    return found


def messages(container: Container, **where: Any) -> list[Any]:
    """Rows of the queue, in the order of their due instants; those with these column values."""
    found = table(container, "broadcast_messages", "scheduled_at, step, message_id")
    return [m for m in found if all(getattr(m, name) == value for name, value in where.items())]


def message(container: Container, **where: Any) -> Any:
    """The only message with these column values."""
    (found,) = messages(container, **where)
    return found


def digest_key(container: Container, lead_id: UUID | str) -> bytes:
    """The key of the digests of what the lead is sent."""
    return bytes(row(container, "lead_keys", lead_id=lead_id).digest_key)


def statuses(container: Container, **where: Any) -> dict[str, int]:
    """How many messages there are in which status."""
    return dict(Counter(m.status for m in messages(container, **where)))


def events(container: Container, topic: str = "", of: UUID | None = None) -> list[Any]:
    """The log in its order: all of it, or one topic's, or one aggregate's."""
    stored = table(container, "stored_events")
    with container.database.transaction() as connection:
        clear = decrypt(connection, [(e[1], e[2], e[3], bytes(e[4])) for e in stored])
    found: list[Event] = [decode(topic, state) for _, _, topic, state in clear]
    return [
        event
        for event in found
        if event.TOPIC.startswith(topic) and of in (None, event.originator_id)
    ]


def topics(container: Container, of: UUID) -> list[str]:
    """What happened to one aggregate, in order."""
    return [event.TOPIC for event in events(container, of=of)]


def count(database: Database, name: str = "stored_events") -> int:
    """How many rows a table has."""
    with database.transaction() as connection:
        return int(rows(connection, f"SELECT count(*) FROM {name}")[0][0])


def shortest_pause(instants: list[datetime]) -> timedelta:
    """Between any two of these that follow one another."""
    return min(later - earlier for earlier, later in pairwise(sorted(instants)))


def soon(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Asks again and again until ``condition`` gives something, and fails after ``seconds``."""
    end, pause = monotonic() + seconds, threading.Event()
    while monotonic() < end:
        if found := condition():
            return found
        pause.wait(0.02)
    raise AssertionError(f"this did not come true within {seconds:g} seconds")


def gaps(container: Container) -> list[Any]:
    """Aggregates whose versions are not 1, 2, 3 and so on."""
    with container.database.transaction() as connection:
        return rows(
            connection,
            "SELECT originator_id, count(*) AS events, max(originator_version) AS latest"
            " FROM stored_events GROUP BY 1"
            " HAVING count(*) <> max(originator_version) OR min(originator_version) <> 1",
        )


def passes(seconds: float) -> None:
    """Real time goes by, where a moment is to be random and there is nothing to wait for."""
    threading.Event().wait(seconds)

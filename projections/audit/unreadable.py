"""Events that cannot be read: not what was written, or not written by this program."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from projections.audit.stored_row import StoredRow
from projections.eventstore.encryption import PERSONAL, decrypt_state
from projections.eventstore.mapper import UNREADABLE, decode
from projections.records.quarantine import Aside

RUNNER = "notary"


def unreadable(events: Iterable[StoredRow]) -> list[Aside]:
    """What to put aside of ``events``: those that are no event of their topic, or say that they are
    at another place. Personal data is not looked at."""
    return [
        Aside(
            kind="event",
            id=UUID(event.originator_id),
            notification_id=event.id,
            runner=RUNNER,
            reason=why,
        )
        for event in events
        if (why := _fault(event)) is not None
    ]


def _fault(event: StoredRow) -> str | None:
    place = (event.originator_id, event.version)
    try:
        state = event.state
        if event.topic in PERSONAL:
            state = decrypt_state(*place, event.topic, state, None)
        read = decode(event.topic, state)
    except UNREADABLE:
        return f"it is no event of its topic ({event.topic[:60]})"
    if (str(read.originator_id), read.originator_version) != place:
        return "it says that it belongs elsewhere"
    return None

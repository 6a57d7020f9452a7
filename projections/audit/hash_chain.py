"""The notary: chains SHA-256 over the log in its order, so that rewriting it is seen.

Each event has a leaf, SHA-256 over its id, aggregate, version, topic and stored bytes; each seal
has a digest, SHA-256 over the digest before it and the leaves of its events. A seal also keeps the
ids and the first eight bytes of the leaves, only to name the event that was altered, is missing or
was inserted. Whoever can rewrite the log can rewrite the seals too: what cannot be rewritten is a
checkpoint that was exported (``checkpoints.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from eventsourcing.persistence import Tracking
from sqlalchemy import Connection

from projections.database.engine import Database, rows
from projections.eventstore.tracking import insert_tracking, position

NAME = "notary"
PAGE = 5000
LEAF_BYTES = 8
START = bytes(32)

_LOGGED = (
    "SELECT notification_id, originator_id::text, originator_version, topic, state"
    " FROM stored_events"
)

Progress = Callable[[int, int], None]


class Logged(NamedTuple):
    """An event as it lies in the log."""

    id: int
    originator_id: str
    version: int
    topic: str
    state: bytes

    def leaf(self) -> bytes:
        place = f"{self.id}\0{self.originator_id}\0{self.version}\0{self.topic}\0"
        return sha256(place.encode() + self.state).digest()


class Link(NamedTuple):
    """The events after the seal before it up to ``last_id``, and the chain's digest there."""

    last_id: int
    digest: bytes
    # Whoever can write to the table can write NULL into an array, too.
    ids: Sequence[int | None]
    leaves: bytes
    sealed_at: datetime


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``fault`` says what is wrong first, None if nothing is; ``events`` were verified,
    ``unchained`` came after the last seal."""

    events: int
    unchained: int
    position: int
    digest: str
    fault: str | None


def extend(database: Database, now: Callable[[], datetime]) -> int:
    """Seals all that is not sealed yet; returns how many events. Position and seal are committed
    together, so that no event is sealed twice or left out whoever runs at the same time."""
    total = 0
    while chained := database.run("notary", lambda connection: _extend_by_page(connection, now())):
        total += chained
    return total


def _extend_by_page(connection: Connection, now: datetime) -> int:
    # One notary at a time: the second waits and goes on where the first one ended.
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('sendtrail notary'))")
    after = position(connection, NAME) or 0
    page = _page(connection, after, PAGE)
    if not page:
        return 0
    last = _links(connection, after=None, limit=1, descending=True)
    leaves = [event.leaf() for event in page]
    connection.exec_driver_sql(
        "INSERT INTO notary_seals (last_id, digest, ids, leaves, sealed_at)"
        " VALUES (%(last_id)s, %(digest)s, %(ids)s, %(leaves)s, %(now)s)",
        {
            "last_id": page[-1].id,
            "digest": _chained(last[0].digest if last else START, leaves),
            "ids": [event.id for event in page],
            "leaves": b"".join(leaf[:LEAF_BYTES] for leaf in leaves),
            "now": now,
        },
    )
    insert_tracking(connection, Tracking(NAME, page[-1].id))
    return len(page)


def latest(connection: Connection) -> Link | None:
    """The newest seal; None while nothing is sealed."""
    found = _links(connection, after=None, limit=1, descending=True)
    return found[0] if found else None


def digest_at(connection: Connection, last_id: int) -> bytes | None:
    """The chain's digest after the event ``last_id``, where a seal ends with it."""
    found = rows(connection, "SELECT digest FROM notary_seals WHERE last_id = %(id)s", id=last_id)
    return bytes(found[0].digest) if found else None


def verify(database: Database, progress: Progress = lambda done, total: None) -> Verdict:
    """Computes the whole chain again from the log, in one snapshot, and compares it with the seals.
    Names the first event that was altered, is missing or was inserted."""
    with (
        database.engine.connect().execution_options(
            isolation_level="REPEATABLE READ"
        ) as connection,
        connection.begin(),
    ):
        newest = latest(connection)
        total = newest.last_id if newest else 0
        digest, after, events, fault = START, 0, 0, _before_the_first(connection)
        for each in _all_links(connection) if fault is None else ():
            page = list(_between(connection, after, each.last_id))
            fault = _difference(each, page)
            if fault is None:
                digest = _chained(digest, [event.leaf() for event in page])
                if digest != each.digest:
                    fault = f"the seal of events {after + 1} to {each.last_id} was altered"
            if fault is not None:
                break
            after, events = each.last_id, events + len(page)
            progress(after, total)
        if fault is None and total != (position(connection, NAME) or 0):
            fault = f"the seals after event {total} are missing"
        (left,) = rows(
            connection,
            "SELECT count(*) AS events FROM stored_events WHERE notification_id > %(after)s",
            after=total,
        )
    return Verdict(
        events=events, unchained=left.events, position=after, digest=digest.hex(), fault=fault
    )


def _before_the_first(connection: Connection) -> str | None:
    """Ids begin with 1. Whoever forges one below that hides it from all who read the log in pages,
    and not from those who load the aggregate."""
    found = rows(connection, f"{_LOGGED} WHERE notification_id < 1 ORDER BY 1 LIMIT 1")
    return f"{_name(_logged(found[0]))} was inserted" if found else None


def _difference(link: Link, page: Sequence[Logged]) -> str | None:
    """The first event of ``page`` that is not what was sealed."""
    there = {event.id: event for event in page}
    known = {
        number: link.leaves[index * LEAF_BYTES : (index + 1) * LEAF_BYTES]
        for index, number in enumerate(link.ids)
        if number is not None
    }
    first = min(known, default=0)
    for number in sorted(there.keys() | known.keys()):
        if number not in there:
            return f"event {number} is missing"
        event = there[number]
        if number < first:
            return f"{_name(event)} was inserted, or its seal was deleted"
        if number not in known:
            return f"{_name(event)} was inserted"
        if event.leaf()[:LEAF_BYTES] != known[number]:
            return f"{_name(event)} was altered"
    return None


def _name(event: Logged) -> str:
    return f"event {event.id} ({event.topic}, version {event.version} of {event.originator_id})"


def _chained(digest: bytes, leaves: Sequence[bytes]) -> bytes:
    return sha256(digest + b"".join(leaves)).digest()


def _all_links(connection: Connection) -> Iterator[Link]:
    after: int | None = None
    while found := _links(connection, after=after, limit=20):
        yield from found
        after = found[-1].last_id


def _links(
    connection: Connection, *, after: int | None, limit: int, descending: bool = False
) -> list[Link]:
    found = rows(
        connection,
        "SELECT last_id, digest, ids, leaves, sealed_at FROM notary_seals"
        " WHERE last_id > %(after)s"
        f" ORDER BY last_id {'DESC' if descending else 'ASC'} LIMIT %(limit)s",
        after=after or 0,
        limit=limit,
    )
    return [Link(r[0], bytes(r[1]), r[2], bytes(r[3]), r[4]) for r in found]


def _between(connection: Connection, after: int, upto: int) -> Iterator[Logged]:
    while page := _page(connection, after, PAGE, upto):
        yield from page
        after = page[-1].id


def _page(connection: Connection, after: int, limit: int, upto: int | None = None) -> list[Logged]:
    found = rows(
        connection,
        f"{_LOGGED} WHERE notification_id > %(after)s"
        " AND (%(upto)s::bigint IS NULL OR notification_id <= %(upto)s)"
        " ORDER BY notification_id LIMIT %(limit)s",
        after=after,
        upto=upto,
        limit=limit,
    )
    return [_logged(row) for row in found]


def _logged(row: Any) -> Logged:
    return Logged(row[0], row[1], row[2], row[3], bytes(row[4]))

"""The hash chain over the log in its order, by which a rewritten log is detected.

Each event has a leaf: SHA-256 over its notification id, aggregate, version, topic and stored bytes.
Each link covers the events of a page and has a digest: SHA-256 over the digest of the link before
it and the leaves of its events. A link also keeps the ids and the first eight bytes of the leaves,
only to name the event that was altered, is missing or was inserted. A user of the database who can
rewrite the log can rewrite the links too. What cannot be rewritten is a checkpoint that was
exported (``checkpoints``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
import structlog
from eventsourcing.persistence import Tracking
from sqlalchemy import Connection

from projections.audit.stored_row import StoredRow
from projections.audit.stream_versions import first_irregular
from projections.audit.unreadable import unreadable
from projections.database.engine import Database, rows
from projections.eventstore import missing_keys
from projections.eventstore.tracking import insert_tracking, position
from projections.records import quarantine

log = structlog.get_logger()

# The reader of the log, in the table ``tracking``.
READER = "notary"
# Events per link, at most.
PAGE = 5000
# Of each leaf in a link.
LEAF_BYTES = 8
# The digest before the first link.
START = bytes(32)

_LOGGED = (
    "SELECT notification_id, originator_id::text, originator_version, topic, state"
    " FROM stored_events"
)

# Called with the notification id verified last and that of the last link.
Progress = Callable[[int, int], None]


class Link(NamedTuple):
    """The events after the link before it up to the notification id ``last_id``.

    ``digest`` is the chain's there. ``ids`` are the events' notification ids; ``leaves`` are the
    first ``LEAF_BYTES`` of each event's leaf, in the same order.
    """

    last_id: int
    digest: bytes
    # A forger of links can write NULL into the array.
    ids: Sequence[int | None]
    leaves: bytes
    chained_at: datetime


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The result of ``verify``.

    ``fault`` says what is wrong first; None if nothing is. ``events`` is how many were verified,
    up to the notification id ``position``, where the chain has the hexadecimal ``digest``.
    ``unchained`` is how many came after the last link.
    """

    events: int
    unchained: int
    position: int
    digest: str
    fault: str | None


def extend(database: Database, now: Callable[[], datetime]) -> int:
    """Chain every event that is not in the chain yet; return how many these were.

    Position and link are of one transaction, so that no event is chained twice or left out if
    several processes extend the chain at the same time.
    """
    total = 0
    while chained := database.run("notary", lambda connection: _extend_by_page(connection, now())):
        total += chained
    return total


def _extend_by_page(connection: Connection, now: datetime) -> int:
    """Add one link, and put aside the events that cannot be read; return how many events are in it,
    0 at the end of the log."""
    # One notary at a time: the second waits and goes on where the first one ended.
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('sendtrail notary'))")
    after = position(connection, READER) or 0
    page = _page(connection, after, PAGE)
    if not page:
        return 0
    last = latest(connection)
    leaves = [event.leaf() for event in page]
    connection.exec_driver_sql(
        "INSERT INTO hash_chain_links (last_id, digest, ids, leaves, chained_at)"
        " VALUES (%(last_id)s, %(digest)s, %(ids)s, %(leaves)s, %(now)s)",
        {
            "last_id": page[-1].id,
            "digest": _chained(last.digest if last else START, leaves),
            "ids": [event.id for event in page],
            "leaves": b"".join(leaf[:LEAF_BYTES] for leaf in leaves),
            "now": now,
        },
    )
    asides = unreadable(page)
    quarantine.put(connection, asides, now)
    for aside in asides:
        log.error("quarantine.put", kind=aside.kind, number=aside.notification_id, runner=READER)
    insert_tracking(connection, Tracking(READER, page[-1].id))
    return len(page)


def latest(connection: Connection) -> Link | None:
    """The newest link; None while there is none."""
    links = _links(connection, after=None, limit=1, descending=True)
    return links[0] if links else None


def digest_at(connection: Connection, last_id: int) -> bytes | None:
    """The chain's digest after the event of that notification id; None if no link ends there."""
    links = rows(
        connection, "SELECT digest FROM hash_chain_links WHERE last_id = %(id)s", id=last_id
    )
    return bytes(links[0].digest) if links else None


def verify(database: Database, progress: Progress = lambda done, total: None) -> Verification:
    """Compute the whole chain again from the log, in one snapshot, and compare it with the links.

    The fault names the first event that was altered, is missing or was inserted. If there is none,
    it names the first event whose version does not follow the one before it in its stream, be it in
    the chain or not yet. Then it says how many leads have no key though they were not erased.
    """
    with (
        database.engine.connect().execution_options(
            isolation_level="REPEATABLE READ"
        ) as connection,
        connection.begin(),
    ):
        newest = latest(connection)
        total = newest.last_id if newest else 0
        digest, after, events, fault = START, 0, 0, _before_the_first(connection)
        unread: str | None = None
        for link in _all_links(connection) if fault is None else ():
            page = list(_between(connection, after, link.last_id))
            fault = _difference(link, page)
            if fault is None:
                digest = _chained(digest, [event.leaf() for event in page])
                if digest != link.digest:
                    fault = f"the link of events {after + 1} to {link.last_id} was altered"
                unread = unread or _first_unreadable(page)
            if fault is not None:
                break
            after, events = link.last_id, events + len(page)
            progress(after, total)
        if fault is None and total != (position(connection, READER) or 0):
            fault = f"the links after event {total} are missing"
        if fault is None:
            fault = _out_of_order(connection) or unread or _unreadable_after(connection, total)
        if fault is None and (keyless := missing_keys.by_log(connection)):
            fault = missing_keys.advice(keyless)
        (rest,) = rows(
            connection,
            "SELECT count(*) AS events FROM stored_events WHERE notification_id > %(after)s",
            after=total,
        )
    return Verification(
        events=events, unchained=rest.events, position=after, digest=digest.hex(), fault=fault
    )


def _before_the_first(connection: Connection) -> str | None:
    """The fault of an event with a notification id below 1, where ids begin.

    A forged event there is hidden from readers of the log's pages, and not from those who load its
    aggregate.
    """
    forged = rows(connection, f"{_LOGGED} WHERE notification_id < 1 ORDER BY 1 LIMIT 1")
    return f"{_name(_stored(forged[0]))} was inserted" if forged else None


def _first_unreadable(page: Sequence[StoredRow]) -> str | None:
    """The fault of the first event of the page that cannot be read."""
    numbers = {aside.notification_id for aside in unreadable(page)}
    return next((f"{_name(e)} cannot be read" for e in page if e.id in numbers), None)


def _unreadable_after(connection: Connection, after: int) -> str | None:
    """The fault of the first event after that id that cannot be read; the chain has none of them
    yet."""
    while page := _page(connection, after, PAGE):
        if fault := _first_unreadable(page):
            return fault
        after = page[-1].id
    return None


def _out_of_order(connection: Connection) -> str | None:
    """The fault of the first event whose version is not the next one of its stream."""
    irregular = first_irregular(connection)
    if irregular is None:
        return None
    (event,) = rows(connection, f"{_LOGGED} WHERE notification_id = %(id)s", id=irregular.id)
    return f"{_name(_stored(event))} is out of order: expected version {irregular.expected}"


def _difference(link: Link, page: Sequence[StoredRow]) -> str | None:
    """The fault of the first event in which ``page`` is not what was chained; None without one."""
    stored = {event.id: event for event in page}
    known = {
        number: link.leaves[index * LEAF_BYTES : (index + 1) * LEAF_BYTES]
        for index, number in enumerate(link.ids)
        if number is not None
    }
    first = min(known, default=0)
    for number in sorted(stored.keys() | known.keys()):
        if number not in stored:
            return f"event {number} is missing"
        event = stored[number]
        if number < first:
            return f"{_name(event)} was inserted, or its link was deleted"
        if number not in known:
            return f"{_name(event)} was inserted"
        if event.leaf()[:LEAF_BYTES] != known[number]:
            return f"{_name(event)} was altered"
    return None


def _name(event: StoredRow) -> str:
    return f"event {event.id} ({event.topic}, version {event.version} of {event.originator_id})"


def _chained(digest: bytes, leaves: Sequence[bytes]) -> bytes:
    return sha256(digest + b"".join(leaves)).digest()


def _all_links(connection: Connection) -> Iterator[Link]:
    after: int | None = None
    while links := _links(connection, after=after, limit=20):
        yield from links
        after = links[-1].last_id


def _links(
    connection: Connection, *, after: int | None, limit: int, descending: bool = False
) -> list[Link]:
    links = rows(
        connection,
        "SELECT last_id, digest, ids, leaves, chained_at FROM hash_chain_links"
        " WHERE last_id > %(after)s"
        f" ORDER BY last_id {'DESC' if descending else 'ASC'} LIMIT %(limit)s",
        after=after or 0,
        limit=limit,
    )
    return [Link(r[0], bytes(r[1]), r[2], bytes(r[3]), r[4]) for r in links]


def _between(connection: Connection, after: int, upto: int) -> Iterator[StoredRow]:
    while page := _page(connection, after, PAGE, upto):
        yield from page
        after = page[-1].id


def _page(
    connection: Connection, after: int, limit: int, upto: int | None = None
) -> list[StoredRow]:
    page = rows(
        connection,
        f"{_LOGGED} WHERE notification_id > %(after)s"
        " AND (%(upto)s::bigint IS NULL OR notification_id <= %(upto)s)"
        " ORDER BY notification_id LIMIT %(limit)s",
        after=after,
        upto=upto,
        limit=limit,
    )
    return [_stored(row) for row in page]


def _stored(row: Any) -> StoredRow:
    return StoredRow(row[0], row[1], row[2], row[3], bytes(row[4]))

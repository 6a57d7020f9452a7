"""Appending events: Sendtrail's event store, the library's PostgreSQL recorder, bare COPY.

Unit: events per second, from event objects in memory to the commit, one connection, one transaction
per batch. Making the objects is not part of it.

- Sendtrail: ``EventStore.put`` in a transaction, as runners and commands do: msgspec, the append
  lock, COPY, commit. The events' topic has no handler, so no projection is part of it.
- Sendtrail, with recordings: ``EventStore.put`` as the library calls it, which also makes the
  library's stored events, asks for the notification ids and returns a recording of each event.
- The library: ``EventStore.put`` of the same events as its own dataclasses: its JSON transcoder,
  its table lock, its INSERT, commit, recordings. Batches above ``PIECE`` are put piece by piece: in
  pipeline mode its driver waits for ever for the answer to a statement that does not fit into the
  socket's buffer (some 200 KB). Larger batches were not faster with the driver mended.
- Bare COPY: the very same rows as Sendtrail's, encoded and packed beforehand, into a table with
  the same columns and indexes, without a lock: what is timed is COPY and commit only.

Left out: concurrent writers.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec

from benchmarks import stock
from benchmarks.events import Planned, batches
from benchmarks.measuring import Comparison, rate
from benchmarks.stage import Stage, duplicate
from projections.composition import House
from projections.settings import Settings

COPIED = "copied_events"
# How many events the library's driver can take at once.
PIECE = 400
Batches = list[list[Planned]]


class Appending:
    """``sizes`` says how many events to append in batches of which size."""

    unit = "events"

    def __init__(self, sizes: Mapping[int, int]) -> None:
        self.sizes = sizes
        self.comparisons: list[Comparison] = []
        for size in sizes:
            what = f"append events, {size:,} per commit"
            if stock.installed():
                self.comparisons += [
                    Comparison(what, f"put {size}", "library's recorder", f"library {size}"),
                    Comparison(
                        "  with recordings returned",
                        f"recordings {size}",
                        "library's recorder",
                        f"library {size}",
                    ),
                ]
            self.comparisons.append(Comparison(what, f"put {size}", "bare COPY", f"copy {size}"))

    def prepare(self, stage: Stage) -> None:
        self.template = stage.template(lambda house: None)

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        """Every contender, each in a database of its own, at every batch size; each round another
        one begins."""
        kinds = CONTENDERS if stock.installed() else CONTENDERS[:-1]
        start = number % len(kinds)
        rates = {}
        with ExitStack() as stack:
            contenders = [
                kind(stack.enter_context(House(Settings(database_url=url))))
                for kind in (*kinds[start:], *kinds[:start])
                for url in [stack.enter_context(stage.copy(self.template))]
            ]
            for size, count in self.sizes.items():
                for contender in contenders:
                    work = contender.work(batches(count, size))
                    rates[f"{contender.key} {size}"] = rate(count, work)
            for contender in contenders:
                contender.close(sum(self.sizes.values()))
        return rates


class Contender:
    """``work`` gives what is to be timed; ``close`` checks that ``count`` events are there."""

    key: str
    table = "stored_events"

    def __init__(self, house: House) -> None:
        self.house = house

    def work(self, events: Batches) -> Callable[[], None]:
        raise NotImplementedError

    def close(self, count: int) -> None:
        with self.house.database.transaction() as connection:
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {self.table}").scalar_one()
        assert found == count, f"{self.table}: {found} events"


class Put(Contender):
    """Sendtrail, as it appends."""

    key = "put"

    def work(self, events: Batches) -> Callable[[], None]:
        def run() -> None:
            for batch in events:
                with self.house.database.transaction() as connection:
                    self.house.outreach.record(connection, batch)

        return run


class Recordings(Contender):
    """Sendtrail, called as the library calls an event store."""

    key = "recordings"

    def work(self, events: Batches) -> Callable[[], None]:
        store: Any = self.house.outreach.events

        def run() -> None:
            for batch in events:
                store.put(batch)

        return run


class Library(Contender):
    """The library's recorder."""

    key = "library"
    table = stock.TABLE

    def __init__(self, house: House) -> None:
        super().__init__(house)
        with house.database.transaction() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {stock.SCHEMA}")
        self.application = stock.application(house.database.url)

    def work(self, events: Batches) -> Callable[[], None]:
        store: Any = self.application.events
        equivalent = [
            stock.equivalent(batch[start : start + PIECE])
            for batch in events
            for start in range(0, len(batch), PIECE)
        ]

        def run() -> None:
            for batch in equivalent:
                store.put(batch)

        return run

    def close(self, count: int) -> None:
        super().close(count)
        self.application.close()


class Copy(Contender):
    """PostgreSQL's binary COPY of rows that are packed beforehand."""

    key = "copy"
    table = COPIED

    def __init__(self, house: House) -> None:
        super().__init__(house)
        with house.database.transaction() as connection:
            duplicate(connection, "stored_events", COPIED)

    def work(self, events: Batches) -> Callable[[], None]:
        packed = [pack(batch) for batch in events]
        statement = (
            f"COPY {COPIED} (originator_id, originator_version, topic, state)"
            " FROM STDIN (FORMAT binary)"
        )

        def run() -> None:
            connection = self.house.database.engine.raw_connection()
            with connection.cursor() as cursor:
                for data in packed:
                    cursor.copy_expert(statement, io.BytesIO(data))
                    connection.commit()
            connection.close()

        return run


CONTENDERS = (Put, Recordings, Copy, Library)


def pack(events: Sequence[Planned]) -> bytes:
    """The rows of ``events`` as PostgreSQL's manual, COPY, "Binary Format", has them."""
    parts = [b"PGCOPY\n\xff\r\n\0", struct.pack(">ii", 0, 0)]
    topic = Planned.TOPIC.encode()
    for event in events:
        state = msgspec.json.encode(event)
        parts.append(struct.pack(">hi", 4, 16) + event.originator_id.bytes)
        parts.append(struct.pack(">ii", 4, event.originator_version))
        parts.append(struct.pack(">i", len(topic)) + topic)
        parts.append(struct.pack(">i", len(state)) + state)
    return b"".join((*parts, b"\xff\xff"))

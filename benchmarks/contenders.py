"""The contenders at appending; ``appending.py`` says what each of them does."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from benchmarks import stock
from benchmarks.events import Planned
from benchmarks.stage import duplicate
from projections.composition import House

COPIED = "copied_events"
# How many events the library's driver can take at once.
PIECE = 400
Batches = list[list[Planned]]


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
            cursor: Any = connection.cursor()
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

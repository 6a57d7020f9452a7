"""The contenders at appending, each as one of several writer processes; ``appending`` says what
each of them does."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.contenders import optional_packages
from benchmarks.harness.postgres_fixture import duplicate
from benchmarks.harness.sample_events import Planned, batches
from benchmarks.harness.worker_pool import Member
from projections.config.settings import Settings
from projections.container import Container

COPIED = "copied_events"
COPY = f"COPY {COPIED} (originator_id, originator_version, topic, state) FROM STDIN (FORMAT binary)"
# How many events the library's driver can take at once.
PIECE = 400
Batches = list[list[Planned]]
# Appends one batch, and says how many events that were.
Append = Callable[[Any], int]


@contextmanager
def put(container: Container, events: Batches) -> Iterator[tuple[Append, Sequence[Any]]]:
    """Sendtrail, as it appends."""

    def append(batch: list[Planned]) -> int:
        with container.database.transaction() as connection:
            container.outreach.record(connection, batch)
        return len(batch)

    yield append, events


@contextmanager
def recordings(container: Container, events: Batches) -> Iterator[tuple[Append, Sequence[Any]]]:
    """Sendtrail, called as the library calls an event store."""
    store: Any = container.outreach.events

    def append(batch: list[Planned]) -> int:
        store.put(batch)
        return len(batch)

    yield append, events


@contextmanager
def library(container: Container, events: Batches) -> Iterator[tuple[Append, Sequence[Any]]]:
    """The library's recorder."""
    from benchmarks.contenders import library_recorder

    application = library_recorder.application(container.database.url)
    store: Any = application.events

    def append(batch: list[Any]) -> int:
        store.put(batch)
        return len(batch)

    yield (
        append,
        [
            library_recorder.equivalent(batch[start : start + PIECE])
            for batch in events
            for start in range(0, len(batch), PIECE)
        ],
    )
    application.close()


@contextmanager
def copy(container: Container, events: Batches) -> Iterator[tuple[Append, Sequence[Any]]]:
    """PostgreSQL's binary COPY of rows that are packed beforehand."""
    with _copying(container) as load:

        def append(batch: tuple[bytes, int]) -> int:
            load(batch[0])
            return batch[1]

        yield append, [(pack(batch), len(batch)) for batch in events]


@contextmanager
def packing(container: Container, events: Batches) -> Iterator[tuple[Append, Sequence[Any]]]:
    """The same, with encoding and packing as part of it."""
    with _copying(container) as load:

        def append(batch: list[Planned]) -> int:
            load(pack(batch))
            return len(batch)

        yield append, events


@contextmanager
def _copying(container: Container) -> Iterator[Callable[[bytes], None]]:
    connection = container.database.engine.raw_connection()
    cursor: Any = connection.cursor()

    def load(data: bytes) -> None:
        cursor.copy_expert(COPY, io.BytesIO(data))
        connection.commit()

    yield load
    connection.close()


KINDS = {"put": put, "recordings": recordings, "library": library, "copy": copy, "packing": packing}


@dataclass(frozen=True)
class Writing:
    """One writer process of that kind: ``count`` events, ``size`` to a commit."""

    url: str
    kind: str
    count: int
    size: int

    def __call__(self, member: Member) -> None:
        with Container(Settings(database_url=self.url)) as container:
            kind = KINDS[self.kind]
            with kind(container, batches(1, 1)) as (append, work):
                append(work[0])  # connects, and plans what is planned once
            with kind(container, batches(self.count, self.size)) as (append, work):
                member.begin()
                for batch in work:
                    member.did(append(batch))


def install(container: Container) -> None:
    """Makes the tables of the contenders."""
    with container.database.transaction() as connection:
        duplicate(connection, "stored_events", COPIED)
    if optional_packages.library():
        from benchmarks.contenders import library_recorder

        with container.database.transaction() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {library_recorder.SCHEMA}")
        library_recorder.application(container.database.url, create=True).close()


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

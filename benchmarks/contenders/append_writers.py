"""Who is measured at appending, each as one of several writer processes.

``measurements.append`` says what the numbers of each include.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.contenders import optional_packages
from benchmarks.harness.installation import settings
from benchmarks.harness.postgres_fixture import create_table_like
from benchmarks.harness.sample_events import MessagePlanned, create_batches
from benchmarks.harness.worker_pool import PoolWorker
from projections.container import Container

# The table that bare COPY fills.
COPY_TABLE = "copied_events"
COPY = (
    f"COPY {COPY_TABLE} (originator_id, originator_version, topic, state)"
    " FROM STDIN (FORMAT binary)"
)
# The most events that the library's driver can take at once; ``measurements.append`` says why.
LIBRARY_BATCH = 400

Batches = list[list[MessagePlanned]]
# Appends one prepared batch; returns the number of events in it.
Append = Callable[[Any], int]
# The function to call for each batch, and the batches, prepared for it.
Writer = tuple[Append, Sequence[Any]]


@contextmanager
def outreach_record(container: Container, batches: Batches) -> Iterator[Writer]:
    """Sendtrail, as its runners and commands append."""

    def append(batch: list[MessagePlanned]) -> int:
        with container.database.transaction() as connection:
            container.outreach.record(connection, batch)
        return len(batch)

    yield append, batches


@contextmanager
def record_under_lock(container: Container, batches: Batches) -> Iterator[Writer]:
    """The same by somebody who keeps the append lock until the disk has it: as it was done before
    decision 0011, and is done still by transactions that ``Database`` did not begin."""

    def append(batch: list[MessagePlanned]) -> int:
        with container.database.engine.begin() as connection:
            container.outreach.record(connection, batch)
        return len(batch)

    yield append, batches


@contextmanager
def event_store_put(container: Container, batches: Batches) -> Iterator[Writer]:
    """Sendtrail, called as the library calls an event store."""
    event_store: Any = container.outreach.events

    def append(batch: list[MessagePlanned]) -> int:
        event_store.put(batch)
        return len(batch)

    yield append, batches


@contextmanager
def library_put(container: Container, batches: Batches) -> Iterator[Writer]:
    """The library's recorder."""
    from benchmarks.contenders import library_recorder

    application = library_recorder.open_application(container.database.url)
    event_store: Any = application.events

    def append(batch: list[Any]) -> int:
        event_store.put(batch)
        return len(batch)

    yield (
        append,
        [
            library_recorder.as_library_events(batch[start : start + LIBRARY_BATCH])
            for batch in batches
            for start in range(0, len(batch), LIBRARY_BATCH)
        ],
    )
    application.close()


@contextmanager
def copy_packed_before(container: Container, batches: Batches) -> Iterator[Writer]:
    """PostgreSQL's binary COPY of rows that are packed beforehand."""
    with _copying(container) as copy:

        def append(batch: tuple[bytes, int]) -> int:
            copy(batch[0])
            return batch[1]

        yield append, [(pack(batch), len(batch)) for batch in batches]


@contextmanager
def copy_packed_in_time(container: Container, batches: Batches) -> Iterator[Writer]:
    """PostgreSQL's binary COPY, where encoding and packing the rows are part of the time."""
    with _copying(container) as copy:

        def append(batch: list[MessagePlanned]) -> int:
            copy(pack(batch))
            return len(batch)

        yield append, batches


@contextmanager
def _copying(container: Container) -> Iterator[Callable[[bytes], None]]:
    connection = container.database.engine.raw_connection()
    cursor: Any = connection.cursor()

    def copy(packed_rows: bytes) -> None:
        cursor.copy_expert(COPY, io.BytesIO(packed_rows))
        connection.commit()

    yield copy
    connection.close()


# The contenders by their names, in the order in which they take turns.
WRITERS = {
    "record": outreach_record,
    "held": record_under_lock,
    "put": event_store_put,
    "library": library_put,
    "copy packed before": copy_packed_before,
    "copy packed in time": copy_packed_in_time,
}


@dataclass(frozen=True)
class AppendTask:
    """One writer process: ``count`` events, ``size`` to a commit, by the ``writer`` so named."""

    url: str
    writer: str
    count: int
    size: int

    def __call__(self, worker: PoolWorker) -> None:
        """Make the events, wait for the others, append."""
        with Container(settings(self.url)) as container:
            open_writer = WRITERS[self.writer]
            with open_writer(container, create_batches(1, 1)) as (append, batches):
                append(batches[0])  # connects, and plans what is planned once
            with open_writer(container, create_batches(self.count, self.size)) as (append, batches):
                worker.begin()
                for batch in batches:
                    worker.add_committed(append(batch))


def create_tables(container: Container) -> None:
    """Create the tables of those contenders that are installed."""
    with container.database.transaction() as connection:
        create_table_like(connection, "stored_events", COPY_TABLE)
    if optional_packages.has_library_recorder():
        from benchmarks.contenders import library_recorder

        with container.database.transaction() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {library_recorder.SCHEMA}")
        library_recorder.open_application(container.database.url, create_table=True).close()


def pack(events: Sequence[MessagePlanned]) -> bytes:
    """Encode the rows of ``events`` in the format of PostgreSQL's manual, COPY, "Binary Format"."""
    parts = [b"PGCOPY\n\xff\r\n\0", struct.pack(">ii", 0, 0)]
    topic = MessagePlanned.TOPIC.encode()
    for event in events:
        state = msgspec.json.encode(event)
        parts.append(struct.pack(">hi", 4, 16) + event.originator_id.bytes)
        parts.append(struct.pack(">ii", 4, event.originator_version))
        parts.append(struct.pack(">i", len(topic)) + topic)
        parts.append(struct.pack(">i", len(state)) + state)
    return b"".join((*parts, b"\xff\xff"))

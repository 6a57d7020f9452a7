"""Appending events: Sendtrail's event store, the library's PostgreSQL recorder, bare COPY.

Unit: events per second, from event objects in memory to the commit, by one or several writer
processes of one connection each, one transaction per batch. Making the objects is not part of it.

- Sendtrail: ``Outreach.record`` in a transaction, as runners and commands do: msgspec, the append
  lock, COPY, commit. The events' topic has no handler, so no projection is part of it.
- Sendtrail, with recordings: ``EventStore.put`` as the library calls it, which also makes the
  library's stored events, asks for the notification ids and returns a recording of each event. One
  process only.
- The library: ``EventStore.put`` of the same events as its own dataclasses: its JSON transcoder,
  its table lock, its INSERT, commit, recordings. Batches above ``LIBRARY_BATCH`` are put piece by
  piece: in pipeline mode the library's driver waits for ever for the answer to a statement that
  does not fit into the socket's buffer (some 200 KB). With the driver mended, so that a batch was
  one commit again, 1,000 and 10,000 at a time were a fifth faster than pieces.
- Bare COPY: the very same rows as Sendtrail's into a table with the same columns and indexes,
  without a lock. Packed beforehand, the time is that of COPY and commit only. Packed in time, the
  time includes encoding and packing by plain Python, which any writer in Python has to do.

On a disk that takes longer to flush (``SlowFlushAppendMeasurement``), commits that wait for one
another show: every flush of a second server takes ``slow_flush.DELAY`` longer. One contender
more is there: Sendtrail with the append lock kept until the disk has the events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from benchmarks.contenders import append_writers, optional_packages
from benchmarks.contenders.append_writers import LIBRARY_BATCH, AppendTask
from benchmarks.harness import slow_flush
from benchmarks.harness.measuring import Comparison, MeasurementBase, Row, Target
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.harness.worker_pool import WorkerPool


class AppendMeasurement(MeasurementBase):
    """``sizes`` says how many events to append in batches of which size, by each of the numbers of
    ``processes`` (at least one batch each)."""

    # Said of the server in each row.
    server = ""
    # The target in batches of 100 and more: times the library's recorder.
    target = 5.0
    # Contenders that take no part.
    left_out: frozenset[str] = frozenset({"held"})

    def __init__(self, sizes: Mapping[int, int], processes: Sequence[int]) -> None:
        self.sizes = sizes
        self.processes = processes
        self.rows: list[Row] = []
        for count in processes:
            for size in sizes:
                self.rows += self._rows(count, size)

    def _rows(self, count: int, size: int) -> list[Row]:
        writers = "1 writer" if count == 1 else f"{count} writers"
        label = f"append, {size:,} per commit, {writers}{self.server}"
        cell = f"{count} {size}"
        library = "library's recorder" + (f", by {LIBRARY_BATCH}" if size > LIBRARY_BATCH else "")
        target = Target("≥", self.target if size >= 100 else 1.0)
        rows: list[Row] = [Comparison(label, f"record {cell}", library, f"library {cell}", target)]
        if count == 1:
            put = f"{label}, with recordings returned"
            rows.append(Comparison(put, f"put {cell}", library, f"library {cell}"))
        for writer, packed in (
            ("copy packed in time", "in time"),
            ("copy packed before", "beforehand"),
        ):
            contender = f"bare COPY, packed {packed}"
            rows.append(Comparison(label, f"record {cell}", contender, f"{writer} {cell}"))
        return rows

    def _writers(self, count: int) -> list[str]:
        left_out = set(self.left_out) if count == 1 else {*self.left_out, "put"}
        if not optional_packages.has_library_recorder():
            left_out.add("library")
        return [writer for writer in append_writers.WRITERS if writer not in left_out]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Create the tables of all contenders in one database."""
        self.template = postgres.create_template(append_writers.create_tables)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Measure every contender, in tables of its own, at every batch size. Each round begins
        with another contender."""
        rates = {}
        with postgres.temporary_copy(self.template) as url, WorkerPool(self.processes) as pool:
            for count in self.processes:
                writers = self._writers(count)
                start = number % len(writers)
                for size, total in self.sizes.items():
                    each = max(total // count // size, 1) * size
                    for writer in (*writers[start:], *writers[:start]):
                        tasks = [AppendTask(url, writer, each, size)] * count
                        result = pool.run(tasks, each * count)
                        rates[f"{writer} {count} {size}"] = each * count / result.seconds
        return rates


class SlowFlushAppendMeasurement(AppendMeasurement):
    """The same on a server whose disk seems slow; no rows where there is no C compiler."""

    server = f", flush +{slow_flush.DELAY:g} ms"
    # Most of the time is the flush, which both wait for alike.
    target = 1.0
    left_out: frozenset[str] = frozenset()

    def __init__(self, sizes: Mapping[int, int], processes: Sequence[int]) -> None:
        super().__init__(sizes, processes)
        self._stack = ExitStack()
        if not slow_flush.is_possible():
            self.rows = []

    def _rows(self, count: int, size: int) -> list[Row]:
        rows = super()._rows(count, size)
        label, cell = rows[0].label, f"{count} {size}"
        return [*rows, Comparison(label, f"record {cell}", "flush under the lock", f"held {cell}")]

    @property
    def notes(self) -> Sequence[str]:
        """Why there are no rows."""
        if self.rows:
            return ()
        return [f"append {slow_flush.LEFT_OUT}"]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Start the slow server, and prepare there."""
        self._slow_postgres = self._stack.enter_context(slow_flush.open_slow_postgres())
        super().prepare(self._slow_postgres)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Measure every contender on the slow server."""
        return super().round(self._slow_postgres, number)

    def close(self) -> None:
        """Stop the slow server."""
        self._stack.close()

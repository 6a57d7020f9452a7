"""Appending events: Sendtrail's event store, the library's PostgreSQL recorder, bare COPY.

Unit: events per second, from event objects in memory to the commit, by one or several writer
processes of one connection each, one transaction per batch. Making the objects is not part of it.

- Sendtrail: ``Outreach.record`` in a transaction, as runners and commands do: msgspec, the append
  lock, COPY, commit. The events' topic has no handler, so no projection is part of it.
- Sendtrail, with recordings: ``EventStore.put`` as the library calls it, which also makes the
  library's stored events, asks for the notification ids and returns a recording of each event. One
  process only.
- The library: ``EventStore.put`` of the same events as its own dataclasses: its JSON transcoder,
  its table lock, its INSERT, commit, recordings. Batches above ``PIECE`` are put piece by piece: in
  pipeline mode its driver waits for ever for the answer to a statement that does not fit into the
  socket's buffer (some 200 KB). With the driver mended, so that a batch was one commit again, 1,000
  and 10,000 at a time were a fifth faster than pieces.
- Bare COPY: the very same rows as Sendtrail's into a table with the same columns and indexes,
  without a lock. Packed beforehand, what is timed is COPY and commit only; packed in time, also
  encoding and packing, which any writer in Python has to do, by plain Python.

On a disk that takes longer to flush (``SlowFlush``), commits that wait for one another show: every
flush of a second server is held up by ``DELAY``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from benchmarks.contenders import append_writers, optional_packages
from benchmarks.contenders.append_writers import PIECE, Writing
from benchmarks.harness import slow_flush
from benchmarks.harness.measuring import Comparison, Row, Simple, Target
from benchmarks.harness.postgres_fixture import Stage
from benchmarks.harness.slow_flush import DELAY
from benchmarks.harness.worker_pool import Crew


class Appending(Simple):
    """``sizes`` says how many events to append in batches of which size, by each of the numbers of
    ``processes`` (at least one batch each)."""

    where = ""
    # What is aimed at: times the library's recorder, in batches of 100 and more.
    least = 5.0

    def __init__(self, sizes: Mapping[int, int], processes: Sequence[int]) -> None:
        self.sizes = sizes
        self.processes = processes
        self.rows: list[Row] = []
        for count in processes:
            for size in sizes:
                self.rows += self._rows(count, size)

    def _rows(self, count: int, size: int) -> list[Row]:
        writers = "1 writer" if count == 1 else f"{count} writers"
        what = f"append, {size:,} per commit, {writers}{self.where}"
        cell = f"{count} {size}"
        name = "library's recorder" + (f", by {PIECE}" if size > PIECE else "")
        target = Target("≥", self.least if size >= 100 else 1.0)
        rows: list[Row] = [Comparison(what, f"put {cell}", name, f"library {cell}", target)]
        if count == 1:
            again = "  with recordings returned"
            rows.append(Comparison(again, f"recordings {cell}", name, f"library {cell}"))
        for kind, words in (("packing", "in time"), ("copy", "beforehand")):
            beside = f"bare COPY, packed {words}"
            rows.append(Comparison(what, f"put {cell}", beside, f"{kind} {cell}"))
        return rows

    def _kinds(self, count: int) -> list[str]:
        left_out: set[str] = set() if count == 1 else {"recordings"}
        if not optional_packages.library():
            left_out.add("library")
        return [kind for kind in append_writers.KINDS if kind not in left_out]

    def prepare(self, stage: Stage) -> None:
        self.template = stage.template(append_writers.install)

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        """Every contender in tables of its own of one database, at every batch size; each round
        another one begins."""
        rates = {}
        with stage.copy(self.template) as url, Crew(self.processes) as crew:
            for count in self.processes:
                kinds = self._kinds(count)
                start = number % len(kinds)
                for size, total in self.sizes.items():
                    each = max(total // count // size, 1) * size
                    for kind in (*kinds[start:], *kinds[:start]):
                        works = [Writing(url, kind, each, size)] * count
                        taken = crew.run(works, each * count)
                        rates[f"{kind} {count} {size}"] = each * count / taken.seconds
        return rates


class SlowFlush(Appending):
    """The same on a server whose disk seems slow; left out where there is no C compiler."""

    where = f", flush +{DELAY:g} ms"
    # What both wait for alike is most of the time here.
    least = 1.0

    def __init__(self, sizes: Mapping[int, int], processes: Sequence[int]) -> None:
        super().__init__(sizes, processes)
        self._stack = ExitStack()
        if not slow_flush.possible():
            self.rows = []

    @property
    def notes(self) -> Sequence[str]:
        if self.rows:
            return ()
        return [f"append {slow_flush.LEFT_OUT}"]

    def prepare(self, stage: Stage) -> None:
        self._stage = self._stack.enter_context(slow_flush.open_slow())
        super().prepare(self._stage)

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        return super().round(self._stage, number)

    def close(self) -> None:
        self._stack.close()

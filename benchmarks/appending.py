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
  socket's buffer (some 200 KB). With the driver mended, so that a batch was one commit again, 1,000
  and 10,000 at a time were a fifth faster than pieces.
- Bare COPY: the very same rows as Sendtrail's, encoded and packed beforehand, into a table with
  the same columns and indexes, without a lock: what is timed is COPY and commit only.

Left out: concurrent writers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from benchmarks import optional
from benchmarks.contenders import CONTENDERS, PIECE
from benchmarks.events import batches
from benchmarks.measuring import Comparison, rate
from benchmarks.stage import Stage
from projections.composition import House
from projections.settings import Settings


class Appending:
    """``sizes`` says how many events to append in batches of which size."""

    rounds: int | None = None
    notes: Sequence[str] = ()

    def __init__(self, sizes: Mapping[int, int]) -> None:
        self.sizes = sizes
        self.rows: list[Comparison] = []
        for size in sizes:
            what = f"append events, {size:,} per commit"
            if optional.library():
                name = "library's recorder" + (f", by {PIECE}" if size > PIECE else "")
                for ours, words in (("put", what), ("recordings", "  with recordings returned")):
                    self.rows.append(Comparison(words, f"{ours} {size}", name, f"library {size}"))
            self.rows.append(Comparison(what, f"put {size}", "bare COPY", f"copy {size}"))

    def prepare(self, stage: Stage) -> None:
        self.template = stage.template(lambda house: None)

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        """Every contender, each in a database of its own, at every batch size; each round another
        one begins."""
        kinds = CONTENDERS if optional.library() else CONTENDERS[:-1]
        start = number % len(kinds)
        rates = {}
        with ExitStack() as stack:
            contenders = [
                kind(stack.enter_context(House(Settings(database_url=url))))
                for kind in (*kinds[start:], *kinds[:start])
                for url in [stack.enter_context(stage.copy(self.template))]
            ]
            for contender in contenders:
                contender.work(batches(1, 1))()  # connects, and plans what it plans once
            for size, count in self.sizes.items():
                for contender in contenders:
                    work = contender.work(batches(count, size))
                    rates[f"{contender.key} {size}"] = rate(count, work)
            for contender in contenders:
                contender.close(1 + sum(self.sizes.values()))
        return rates

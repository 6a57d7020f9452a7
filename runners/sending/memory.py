"""What one worker remembers of its dispatches, in case that the log loses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast
from uuid import UUID

from domain.event import Event
from domain.message import DispatchOutcome
from domain.message.events import MessageQueued

# Dispatches at most; some 60 MB.
MOST = 100_000


class Remembered(NamedTuple):
    """A dispatch as it was committed, and what came of it if that was committed."""

    queued: MessageQueued
    outcome: DispatchOutcome | None

    @property
    def events(self) -> list[Event]:
        """Its events, in their order."""
        return [self.queued] if self.outcome is None else [self.queued, self.outcome]


class DispatchMemory:
    """The latest dispatch of each message, in the order in which they were committed.

    ``forgotten`` is the newest that there was no room for. ``lost`` are the messages of which the
    log lost the dispatch, as this worker has found; ``reported`` is the server where it did last.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._queued: dict[UUID, MessageQueued] = {}
        self._outcomes: dict[UUID, DispatchOutcome] = {}
        self.forgotten: MessageQueued | None = None
        self.lost: set[UUID] = set()
        self.reported: str | None = None

    def add(self, dispatched: Iterable[MessageQueued]) -> None:
        """These were committed just now; their gateways are called next."""
        for queued in dispatched:
            # Again at the end, where it belongs if it was sent before.
            self._queued.pop(queued.originator_id, None)
            self._outcomes.pop(queued.originator_id, None)
            self._queued[queued.originator_id] = queued
        while len(self._queued) > self._most:
            oldest = next(iter(self._queued))
            self.forgotten = self._queued.pop(oldest)
            self._outcomes.pop(oldest, None)

    def settle(self, outcomes: Iterable[Event]) -> None:
        """These outcomes were committed just now."""
        for outcome in outcomes:
            self._outcomes[outcome.originator_id] = cast(DispatchOutcome, outcome)

    def newest_first(self, size: int) -> Iterator[list[Remembered]]:
        """All of it in pages of ``size``, the newest first."""
        newest = list(reversed(self._queued.values()))
        for start in range(0, len(newest), size):
            yield [
                Remembered(queued, self._outcomes.get(queued.originator_id))
                for queued in newest[start : start + size]
            ]

    def __bool__(self) -> bool:
        return bool(self._queued)

"""What one worker remembers of its dispatches, in case that the log loses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast
from uuid import UUID

import msgspec

from domain.event import Event
from domain.message import DispatchOutcome, Origin
from domain.message.events import MessageQueued

# Dispatches at most; some 60 MB.
MOST = 100_000


class Dispatched(msgspec.Struct, frozen=True, gc=False):
    """A dispatch as it was committed, and what its message is for."""

    queued: MessageQueued
    origin: Origin


class Remembered(NamedTuple):
    """A dispatch, and what came of it if that was committed."""

    origin: Origin
    queued: MessageQueued
    outcome: DispatchOutcome | None

    @property
    def events(self) -> list[Event]:
        """Its events, in their order."""
        return [self.queued] if self.outcome is None else [self.queued, self.outcome]


class DispatchMemory:
    """The latest dispatch of each message, in the order in which they were committed.

    They are named by what they are for: a message that the log has lost may be planned anew under
    another id. ``forgotten`` is the newest that there was no room for. ``lost`` are the messages
    of which the log lost the dispatch, as this worker has found, and what they are for;
    ``reported`` is the server where it did last.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._queued: dict[Origin, MessageQueued] = {}
        # By the number of the message's id, which is hashed faster than the id.
        self._outcomes: dict[int, DispatchOutcome] = {}
        self.forgotten: Remembered | None = None
        self.lost: dict[UUID, Origin] = {}
        self.reported: str | None = None

    def add(self, dispatched: Iterable[Dispatched]) -> None:
        """These were committed just now; their gateways are called next."""
        for each in dispatched:
            queued, origin = each.queued, each.origin
            # Again at the end, where it belongs if it was sent before.
            before = self._queued.pop(origin, None)
            if before is not None:
                self._outcomes.pop(before.originator_id.int, None)
            self._queued[origin] = queued
        while len(self._queued) > self._most:
            oldest = next(iter(self._queued))
            queued = self._queued.pop(oldest)
            self._outcomes.pop(queued.originator_id.int, None)
            self.forgotten = Remembered(oldest, queued, None)

    def settle(self, outcomes: Iterable[Event]) -> None:
        """These outcomes were committed just now."""
        for outcome in outcomes:
            self._outcomes[outcome.originator_id.int] = cast(DispatchOutcome, outcome)

    def newest_first(self, size: int) -> Iterator[list[Remembered]]:
        """All of it in pages of ``size``, the newest first."""
        newest = list(reversed(self._queued.items()))
        for start in range(0, len(newest), size):
            yield [
                Remembered(origin, queued, self._outcomes.get(queued.originator_id.int))
                for origin, queued in newest[start : start + size]
            ]

    def __bool__(self) -> bool:
        return bool(self._queued)

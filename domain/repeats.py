"""The same words once more: what counts as one reply."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from uuid import UUID

# Who says the same again within this time says one thing.
WITHIN = timedelta(minutes=10)
# Edits of a reply that are told from a request that is repeated: the latest. Each copies them.
MOST_EDITS = 100


class Repeats:
    """What was said, by whatever must be the same: who said it, to whom, of which kind, and the
    ``words``. Each has when it was said, and the message that it answers."""

    def __init__(self) -> None:
        self._said: dict[Hashable, list[tuple[datetime, UUID | None]]] = {}

    def note(self, what: Hashable, at: datetime, answers: UUID | None = None) -> None:
        """It was said at that instant, in answer to that message."""
        self._said.setdefault(what, []).append((at, answers))

    def has(
        self, what: Hashable, at: datetime, answers: UUID | None = None, *, named: bool
    ) -> bool:
        """Whether the same was said less than ``WITHIN`` before or after ``at``.

        What the provider has ``named`` by an id of its own is a text of its own where it answers
        another message. Without an id it may be a request that is repeated.
        """
        return any(
            abs(at - earlier) < WITHIN and (answers == answered or not named)
            for earlier, answered in self._said.get(what, ())
        )


def words(text: str) -> str:
    """What is compared of a text: white space of any kind and length is the same."""
    return " ".join(text.split())

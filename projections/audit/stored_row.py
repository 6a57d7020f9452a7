"""An event as it is stored, and its place in the hash chain."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple


class StoredRow(NamedTuple):
    """An event as it is stored in the log; ``id`` is its notification id."""

    id: int
    originator_id: str
    version: int
    topic: str
    state: bytes

    def leaf(self) -> bytes:
        """The event's SHA-256, 32 bytes."""
        place = f"{self.id}\0{self.originator_id}\0{self.version}\0{self.topic}\0"
        return sha256(place.encode() + self.state).digest()

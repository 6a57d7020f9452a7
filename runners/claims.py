"""What one worker has claimed and not handed over: which of it may go now, and what comes next."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from datetime import datetime
from heapq import heappop, heappush
from itertools import chain
from typing import NamedTuple
from uuid import UUID

# How many calls of one device may be on their way: what a hanging gateway, or a crash of this
# process, can leave unknown of it. A device with a pause has one.
CALLS_PER_DEVICE = 32


class Slot(NamedTuple):
    """A claimed message waiting for its moment, ``at``, which is ``send_at`` unless the device was
    not free then; slots sort by that moment."""

    at: datetime
    message_id: UUID
    device_id: UUID
    send_at: datetime
    lease_until: datetime


class Claims:
    """Slots by their moment. Those that have come wait while their device has too many calls."""

    def __init__(self) -> None:
        self._slots: list[Slot] = []
        self._crowded: dict[UUID, deque[Slot]] = {}
        self._calls: Counter[UUID] = Counter()

    def add(self, slots: Iterable[Slot]) -> None:
        for slot in slots:
            heappush(self._slots, slot)

    def take_due(self, now: datetime) -> list[Slot]:
        """The slots that have come, of each device as many as it may have calls on their way; in
        the order of their moments per device. They are no longer held here."""
        room: dict[UUID, int] = {}
        due: list[Slot] = []
        for device_id in list(self._crowded):
            for slot in self._crowded.pop(device_id):
                self._take(slot, room, due)
        while self._slots and self._slots[0].at <= now:
            self._take(heappop(self._slots), room, due)
        return due

    def _take(self, slot: Slot, room: dict[UUID, int], due: list[Slot]) -> None:
        free = room.get(slot.device_id)
        if free is None:
            free = CALLS_PER_DEVICE - self._calls[slot.device_id]
        room[slot.device_id] = free - 1
        if free > 0:
            due.append(slot)
        else:
            self._crowded.setdefault(slot.device_id, deque()).append(slot)

    def call_begins(self, device_id: UUID) -> None:
        self._calls[device_id] += 1

    def call_ends(self, device_id: UUID) -> None:
        self._calls[device_id] -= 1

    def behind(self, before: datetime) -> set[UUID]:
        """Devices that a slow gateway keeps from what they were to send before that instant."""
        return {slot.device_id for slot in self.all() if slot.send_at < before}

    def next_moment(self) -> datetime | None:
        """When the next slot comes; None if there is none, or only such as wait for an answer."""
        return self._slots[0].at if self._slots else None

    def all(self) -> list[Slot]:
        return [*self._slots, *chain.from_iterable(self._crowded.values())]

    def clear(self) -> None:
        self._slots, self._crowded = [], {}

    def __bool__(self) -> bool:
        return bool(self._slots or self._crowded)

"""What one worker has claimed and not handed over: which of it may go now, and what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import NamedTuple
from uuid import UUID

# How many calls of one device may be on their way: what a hanging gateway, or a crash of this
# process, can leave unknown of it. A device with a pause has one.
CALLS_PER_DEVICE = 32
# How many calls of all devices may be on their way, so that none waits for this process itself. One
# that is slow counts no more: a gateway that hangs must not stand in the way of the others.
CALLS = 256
SLOW_AFTER = timedelta(seconds=2)


class Slot(NamedTuple):
    """A claimed message waiting for its moment, ``at``, which is ``send_at`` unless the device was
    not free then; slots sort by that moment."""

    at: datetime
    message_id: UUID
    device_id: UUID
    send_at: datetime
    lease_until: datetime


class Claims:
    """Slots by their moment. Those that have come wait while there are too many calls."""

    def __init__(self) -> None:
        self._slots: list[Slot] = []
        # Those that have come, of devices with too many calls.
        self._crowded: list[Slot] = []
        self._calls: Counter[UUID] = Counter()
        # Calls that are not slow yet, in the order in which they began.
        self._began: dict[UUID, datetime] = {}

    def add(self, slots: Iterable[Slot]) -> None:
        for slot in slots:
            heappush(self._slots, slot)

    def take_due(self, now: datetime) -> list[Slot]:
        """The slots that have come, of each device as many as it may have calls on their way; in
        the order of their moments per device. They are no longer held here."""
        self.add(self._crowded)
        self._crowded = []
        room: dict[UUID, int] = {}
        due: list[Slot] = []
        free = CALLS - self._quick_calls(now)
        while self._slots and self._slots[0].at <= now and len(due) < free:
            self._take(heappop(self._slots), room, due)
        return due

    def _quick_calls(self, now: datetime) -> int:
        for message_id, began in list(self._began.items()):
            if began + SLOW_AFTER > now:
                break
            self._began.pop(message_id, None)  # it may end just now
        return len(self._began)

    def _take(self, slot: Slot, room: dict[UUID, int], due: list[Slot]) -> None:
        free = room.get(slot.device_id)
        if free is None:
            free = CALLS_PER_DEVICE - self._calls[slot.device_id]
        room[slot.device_id] = free - 1
        if free > 0:
            due.append(slot)
        else:
            self._crowded.append(slot)

    def call_begins(self, device_id: UUID, message_id: UUID, now: datetime) -> None:
        self._calls[device_id] += 1
        self._began[message_id] = now

    def call_ends(self, device_id: UUID, message_id: UUID) -> None:
        self._calls[device_id] -= 1
        self._began.pop(message_id, None)

    def behind(self, before: datetime) -> set[UUID]:
        """Devices that a slow gateway keeps from what they were to send before that instant."""
        return {slot.device_id for slot in self.all() if slot.send_at < before}

    def next_moment(self) -> datetime | None:
        """When the next slot may go; None if there is none, or only such as wait for an answer."""
        if not self._slots:
            return None
        if len(self._began) < CALLS:
            return self._slots[0].at
        return next(iter(self._began.values())) + SLOW_AFTER

    def all(self) -> list[Slot]:
        return [*self._slots, *self._crowded]

    def clear(self) -> None:
        self._slots, self._crowded = [], []

    def __bool__(self) -> bool:
        return bool(self._slots or self._crowded)

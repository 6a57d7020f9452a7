"""What one worker has claimed and not dispatched: which of it may go now, and what comes next."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from datetime import datetime
from heapq import heappop, heappush
from itertools import chain
from uuid import UUID

from runners.sending.call_limits import CALLS, CallBudget, CallLimits
from runners.sending.slots import Slot, send_moment


class DeviceQueues:
    """One queue of slots per device, in the order of their moments, and an agenda of the queues."""

    def __init__(self) -> None:
        self.limits = CallLimits()
        self._queues: dict[UUID, list[Slot]] = {}
        # When to look at each queue next, and the same as a heap. An entry of the heap that differs
        # from ``_next`` is outdated.
        self._next: dict[UUID, datetime] = {}
        self._agenda: list[tuple[datetime, UUID]] = []
        # Devices with as many calls as a device may have.
        self._full: set[UUID] = set()
        # Devices that wait for a server with too many calls, in the order in which they came.
        self._waiting: dict[str, dict[UUID, None]] = {}
        # Calls that ended since the last look: device and server.
        self._ended: deque[tuple[UUID, str]] = deque()

    def add(self, slots: Iterable[Slot]) -> None:
        """Queues what was claimed just now, or taken out and not dispatched."""
        by_device: dict[UUID, list[Slot]] = {}
        for slot in slots:
            by_device.setdefault(slot.device_id, []).append(slot)
        for device_id, more in by_device.items():
            there = self._queues.get(device_id, [])
            queue = self._queues[device_id] = sorted([*there, *more], key=send_moment)
            # What is added comes after what is there, unless a clock was ahead when that was
            # claimed: then nothing may wait behind it.
            overtakes = bool(there) and queue[0] is not there[0]
            if device_id not in self._next or overtakes:
                self._look_at(device_id, queue[0].send_at)

    def postpone(self, slot: Slot, free_at: datetime) -> None:
        """Queues ``slot`` again: its device is not free before that instant, and what comes after
        it waits behind it."""
        queue = [slot, *self._queues.get(slot.device_id, ())]
        self._queues[slot.device_id] = sorted(queue, key=send_moment)
        self._look_at(slot.device_id, free_at)

    def take_due(self, now: datetime) -> list[Slot]:
        """Takes out the slots that may go now, in the order of their moments per device: one of a
        device with a pause, of any other as many as may have calls on their way."""
        while self._ended:
            self._wake(*self._ended.popleft(), now)
        free = self.limits.free(now)
        due: list[Slot] = []
        next_looks: dict[UUID, datetime] = {}
        server_calls: Counter[str] = Counter()
        while self._agenda and self._agenda[0][0] <= now and len(due) < free:
            moment, device_id = heappop(self._agenda)
            if self._next.get(device_id) == moment:
                del self._next[device_id]
                due.extend(self._take_of(device_id, now, free - len(due), next_looks, server_calls))
        for device_id, moment in next_looks.items():
            self._look_at(device_id, moment)
        return due

    def budget(self, now: datetime) -> CallBudget:
        """How many calls may begin of what is not claimed yet."""
        return self.limits.budget(now, self._queues)

    def _take_of(
        self,
        device_id: UUID,
        now: datetime,
        free: int,
        next_looks: dict[UUID, datetime],
        server_calls: Counter[str],
    ) -> list[Slot]:
        """Takes out the due slots of one device. Notes in ``next_looks`` when to look at its queue
        again, and in ``server_calls`` what was taken out for its server."""
        queue = self._queues.pop(device_id, [])
        if not queue:
            return []
        server = queue[0].server
        of_device = self.limits.free_of_device(device_id)
        of_server = self.limits.free_of_server(server)
        room = min(
            free, of_device, of_server - server_calls[server], 1 if queue[0].paced else CALLS
        )
        due = [slot for slot in queue[: max(0, room)] if slot.send_at <= now]
        server_calls[server] += len(due)
        rest = queue[len(due) :]
        if rest:
            self._queues[device_id] = rest
            if of_device <= 0:
                self._full.add(device_id)  # until a call of it ends
            elif of_server <= 0:
                self._waiting.setdefault(server, {})[device_id] = None  # until any call there ends
            else:
                # Also where as many were taken as fit: not all that is taken becomes a call. A
                # device that got nothing keeps its place, one that got something goes behind.
                next_looks[device_id] = max(now, rest[0].send_at) if due else rest[0].send_at
        return due

    def _wake(self, device_id: UUID, server: str, now: datetime) -> None:
        """A call of that device has ended: the device may make another, and so may the next one
        that waits for the server."""
        if device_id in self._full:
            self._full.discard(device_id)
            self._look_at(device_id, now)
        waiting = self._waiting.get(server, {})
        while waiting:
            first = next(iter(waiting))
            del waiting[first]
            if first in self._queues:
                self._look_at(first, now)
                return

    def _look_at(self, device_id: UUID, moment: datetime) -> None:
        self._next[device_id] = moment
        heappush(self._agenda, (moment, device_id))

    def call_begins(self, device_id: UUID, message_id: UUID, server: str, now: datetime) -> None:
        """A call of that device to that server has begun."""
        self.limits.begin(device_id, message_id, server, now)

    def call_ends(self, device_id: UUID, message_id: UUID, server: str) -> None:
        """A call has ended. Unlike all else here this may come while another thread takes out what
        is due."""
        self.limits.end(device_id, message_id, server)
        self._ended.append((device_id, server))

    def behind(self, before: datetime) -> set[UUID]:
        """Devices that a slow gateway keeps from what they were to send before that instant."""
        return {device for device, queue in self._queues.items() if queue[0].send_at < before}

    def waiting(self, now: datetime) -> int:
        """How many slots are in queues that may go on now: they wait for this process."""
        return sum(len(self._queues[d]) for d, moment in self._next.items() if moment <= now)

    def next_moment(self) -> datetime | None:
        """When the next slot may go; None if there is none, or only such as wait for an answer."""
        while self._agenda and self._next.get(self._agenda[0][1]) != self._agenda[0][0]:
            heappop(self._agenda)
        if not self._agenda:
            return None
        return self.limits.free_again_at() or self._agenda[0][0]

    def all(self) -> list[Slot]:
        """Every queued slot."""
        return list(chain.from_iterable(self._queues.values()))

    def clear(self) -> None:
        """Forgets every queued slot."""
        self._queues, self._next, self._agenda = {}, {}, []
        self._full.clear()
        self._waiting.clear()

    def __bool__(self) -> bool:
        return bool(self._queues)

"""What one worker has claimed and not handed over: which of it may go now, and what comes next."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

# How many calls of one device may be on their way: what a hanging gateway, or a crash of this
# process, can leave unknown of it. A device with a pause has one.
CALLS_PER_DEVICE = 32
# How many calls may be on their way to one server, whatever the number of its devices: what it can
# take at once, and what it can leave unknown when it dies.
CALLS_PER_SERVER = 256
# How many calls of all devices may be on their way, so that none waits for this process itself. One
# that is slow counts no more: a gateway that hangs must not stand in the way of the others.
CALLS = 1000
SLOW_AFTER = timedelta(seconds=2)


class Slot(NamedTuple):
    """A claimed message that goes at ``send_at``, or as soon after it as its device is free;
    ``paced`` says that there is a pause after it, and ``server`` who is called, if anybody."""

    send_at: datetime
    message_id: UUID
    device_id: UUID
    lease_until: datetime
    paced: bool
    server: str = ""


def server_of(gateway: str, base_url: object) -> str:
    """Who is called by devices of that gateway with that setting; the sandbox calls nobody."""
    return "" if gateway == "sandbox" else f"{gateway} {base_url or ''}"


class Room:
    """How many calls may begin now. ``free`` are left of all; ``calls`` and ``server_calls`` are on
    their way, by device and by server; devices that are ``held`` have something else to send
    first."""

    def __init__(
        self,
        free: int = 0,
        calls: Mapping[UUID, int] = MappingProxyType({}),
        server_calls: Mapping[str, int] = MappingProxyType({}),
        held: Iterable[UUID] = (),
    ) -> None:
        self._free = free
        self._calls = Counter({**calls, **dict.fromkeys(held, CALLS_PER_DEVICE)})
        self._server_calls = Counter(server_calls)

    def take(self, slot: Slot) -> bool:
        """Whether this one may go; if not, nothing after it of its device may."""
        device_id, server = slot.device_id, slot.server
        calls, lines = self._calls[device_id], self._server_calls[server]
        if (
            self._free <= 0
            or calls >= (1 if slot.paced else CALLS_PER_DEVICE)
            or (server and lines >= CALLS_PER_SERVER)
        ):
            self._calls[device_id] = CALLS_PER_DEVICE
            return False
        self._free -= 1
        self._calls[device_id], self._server_calls[server] = calls + 1, lines + 1
        return True


def _moment(slot: Slot) -> datetime:
    return slot.send_at


class Claims:
    """One lane of slots per device, which go in their order, and an agenda of the lanes."""

    def __init__(self) -> None:
        self._lanes: dict[UUID, list[Slot]] = {}
        # When to look at each lane next, and the same as a heap; what differs there is outdated.
        self._next: dict[UUID, datetime] = {}
        self._agenda: list[tuple[datetime, UUID]] = []
        self._calls: Counter[UUID] = Counter()
        # Calls that are not slow yet, in the order in which they began.
        self._began: dict[UUID, datetime] = {}
        # Devices with too many calls, and devices that wait for a server with too many, in the
        # order in which they came; and of which calls have ended meanwhile.
        self._full: set[UUID] = set()
        self._server_calls: Counter[str] = Counter()
        self._waiting: dict[str, dict[UUID, None]] = {}
        self._ended: deque[tuple[UUID, str]] = deque()

    def add(self, slots: Iterable[Slot]) -> None:
        """Claimed just now, or taken and not handed over."""
        by_device: dict[UUID, list[Slot]] = {}
        for slot in slots:
            by_device.setdefault(slot.device_id, []).append(slot)
        for device_id, more in by_device.items():
            lane = sorted([*self._lanes.get(device_id, ()), *more], key=_moment)
            self._lanes[device_id] = lane
            if device_id not in self._next:
                self._look_at(device_id, lane[0].send_at)

    def postpone(self, slot: Slot, free_at: datetime) -> None:
        """Its device is not free before that instant; what comes after it waits behind it."""
        lane = [slot, *self._lanes.get(slot.device_id, ())]
        self._lanes[slot.device_id] = sorted(lane, key=_moment)
        self._look_at(slot.device_id, free_at)

    def take_due(self, now: datetime) -> list[Slot]:
        """The slots that may go now, in the order of their moments per device: of a device with a
        pause one, of any other as many as it may have calls on their way. They are no longer held
        here."""
        while self._ended:
            self._wake(*self._ended.popleft(), now)
        free = CALLS - self._quick_calls(now)
        due: list[Slot] = []
        looked: dict[UUID, datetime] = {}
        taken: Counter[str] = Counter()
        while self._agenda and self._agenda[0][0] <= now and len(due) < free:
            moment, device_id = heappop(self._agenda)
            if self._next.get(device_id) == moment:
                del self._next[device_id]
                due.extend(self._take(device_id, now, free - len(due), looked, taken))
        for device_id, moment in looked.items():
            self._look_at(device_id, moment)
        return due

    def room(self, now: datetime) -> Room:
        """For what is not claimed yet, as it is now."""
        free = CALLS - self._quick_calls(now)
        return Room(free, self._calls, self._server_calls, self._lanes)

    def _take(
        self,
        device_id: UUID,
        now: datetime,
        free: int,
        looked: dict[UUID, datetime],
        called: Counter[str],
    ) -> list[Slot]:
        """The slots of one device, and into ``looked`` when to look at it again; ``called`` counts
        what is taken for each server."""
        lane = self._lanes.pop(device_id, [])
        if not lane:
            return []
        server = lane[0].server
        calls = CALLS_PER_DEVICE - self._calls[device_id]
        lines = CALLS_PER_SERVER - self._server_calls[server] if server else CALLS
        room = min(free, calls, lines - called[server], 1 if lane[0].paced else CALLS)
        taken = [slot for slot in lane[: max(0, room)] if slot.send_at <= now]
        called[server] += len(taken)
        rest = lane[len(taken) :]
        if rest:
            self._lanes[device_id] = rest
            if calls <= 0:
                self._full.add(device_id)  # until one ends
            elif lines <= 0:
                self._waiting.setdefault(server, {})[device_id] = None  # until one of any ends
            else:
                # Also where as many were taken as fit: not all that is taken becomes a call. Who
                # got nothing keeps its place, who got something goes behind the others.
                looked[device_id] = max(now, rest[0].send_at) if taken else rest[0].send_at
        return taken

    def _wake(self, device_id: UUID, server: str, now: datetime) -> None:
        """A call of that device has ended: it may make another, or else the next of its server."""
        if device_id in self._full:
            self._full.discard(device_id)
            self._look_at(device_id, now)
        waiting = self._waiting.get(server, {})
        while waiting:
            first = next(iter(waiting))
            del waiting[first]
            if first in self._lanes:
                self._look_at(first, now)
                return

    def _look_at(self, device_id: UUID, moment: datetime) -> None:
        self._next[device_id] = moment
        heappush(self._agenda, (moment, device_id))

    def _quick_calls(self, now: datetime) -> int:
        for message_id, began in list(self._began.items()):
            if began + SLOW_AFTER > now:
                break
            self._began.pop(message_id, None)  # it may end just now
        return len(self._began)

    def call_begins(self, device_id: UUID, message_id: UUID, server: str, now: datetime) -> None:
        self._calls[device_id] += 1
        self._server_calls[server] += 1
        self._began[message_id] = now

    def call_ends(self, device_id: UUID, message_id: UUID, server: str) -> None:
        """Unlike all else here this may come while another thread takes what is due."""
        self._calls[device_id] -= 1
        self._server_calls[server] -= 1
        self._began.pop(message_id, None)
        self._ended.append((device_id, server))

    def behind(self, before: datetime) -> set[UUID]:
        """Devices that a slow gateway keeps from what they were to send before that instant."""
        return {device for device, lane in self._lanes.items() if lane[0].send_at < before}

    def waiting(self, now: datetime) -> int:
        """How many slots there are of lanes that may go on now: they wait for this process."""
        return sum(len(self._lanes[d]) for d, moment in self._next.items() if moment <= now)

    def next_moment(self) -> datetime | None:
        """When the next slot may go; None if there is none, or only such as wait for an answer."""
        while self._agenda and self._next.get(self._agenda[0][1]) != self._agenda[0][0]:
            heappop(self._agenda)
        if not self._agenda:
            return None
        if len(self._began) < CALLS:
            return self._agenda[0][0]
        return next(iter(self._began.values())) + SLOW_AFTER

    def all(self) -> list[Slot]:
        return list(chain.from_iterable(self._lanes.values()))

    def clear(self) -> None:
        self._lanes, self._next, self._agenda = {}, {}, []
        self._full.clear()
        self._waiting.clear()

    def __bool__(self) -> bool:
        return bool(self._lanes)

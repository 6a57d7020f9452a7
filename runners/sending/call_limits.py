"""How many gateway calls may be on their way at a time: of a device, to a server, in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from runners.sending.slots import Slot

# Calls of one device: what a hanging gateway, or a crash of this process, can leave unknown of it.
# A device with a pause has one call at a time.
CALLS_PER_DEVICE = 32
# Calls to one server, whatever the number of its devices: what it can take at once, and what it can
# leave unknown when it dies.
CALLS_PER_SERVER = 256
# Calls of all devices, so that none waits for this process itself. A slow call does not count: a
# gateway that hangs must not stand in the way of the others.
CALLS = 1000
SLOW_AFTER = timedelta(seconds=2)


class CallBudget:
    """How many calls may begin now.

    ``free`` are left of all. ``device_calls``, by the number of the device's id, and
    ``server_calls`` are on their way. ``busy`` devices have something else to send first.
    """

    def __init__(
        self,
        free: int = 0,
        device_calls: Mapping[int, int] = MappingProxyType({}),
        server_calls: Mapping[str, int] = MappingProxyType({}),
        busy: Iterable[UUID] = (),
    ) -> None:
        self._free = free
        full = {device_id.int: CALLS_PER_DEVICE for device_id in busy}
        self._device_calls = Counter({**device_calls, **full})
        self._server_calls = Counter(server_calls)

    def grant(self, slot: Slot) -> bool:
        """Whether this slot's call may begin; if not, no later one of its device may."""
        device = slot.device_id.int
        device_calls = self._device_calls[device]
        server_calls = self._server_calls[slot.server]
        if (
            self._free <= 0
            or device_calls >= (1 if slot.paced else CALLS_PER_DEVICE)
            or (slot.server and server_calls >= CALLS_PER_SERVER)
        ):
            self._device_calls[device] = CALLS_PER_DEVICE
            return False
        self._free -= 1
        self._device_calls[device] = device_calls + 1
        self._server_calls[slot.server] = server_calls + 1
        return True


class CallLimits:
    """Counts the calls of one process that are on their way.

    Devices and messages are kept by the number of their id, which is hashed faster than the id.
    """

    def __init__(self) -> None:
        self._device_calls: Counter[int] = Counter()
        self._server_calls: Counter[str] = Counter()
        # When each call began that is not slow yet, in that order.
        self._quick: dict[int, datetime] = {}

    def begin(self, device_id: UUID, message_id: UUID, server: str, now: datetime) -> None:
        """A call has begun at ``now``."""
        self._device_calls[device_id.int] += 1
        self._server_calls[server] += 1
        self._quick[message_id.int] = now

    def end(self, device_id: UUID, message_id: UUID, server: str) -> None:
        """A call has ended. May be called while another thread asks what is free."""
        self._device_calls[device_id.int] -= 1
        self._server_calls[server] -= 1
        self._quick.pop(message_id.int, None)

    def free(self, now: datetime) -> int:
        """How many calls of this process may begin."""
        for message, began in list(self._quick.items()):
            if began + SLOW_AFTER > now:
                break
            self._quick.pop(message, None)  # it may end just now
        return CALLS - len(self._quick)

    def free_of_device(self, device_id: UUID) -> int:
        """How many calls of a device without a pause may begin."""
        return CALLS_PER_DEVICE - self._device_calls[device_id.int]

    def free_of_server(self, server: str) -> int:
        """How many calls of that server may begin; nobody limits the sandbox's."""
        return CALLS_PER_SERVER - self._server_calls[server] if server else CALLS

    def free_again_at(self) -> datetime | None:
        """When the oldest call counts as slow; None while the process may begin calls anyway."""
        if len(self._quick) < CALLS:
            return None
        return next(iter(self._quick.values())) + SLOW_AFTER

    def budget(self, now: datetime, busy: Iterable[UUID]) -> CallBudget:
        """For what is claimed next; ``busy`` devices have something else to send first."""
        return CallBudget(self.free(now), self._device_calls, self._server_calls, busy)

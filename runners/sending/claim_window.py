"""How much one claim takes: adapts to how much is due on how many devices."""

from __future__ import annotations

from runners.sending.call_limits import CALLS_PER_DEVICE

# Messages of one claim at most.
BATCH = 1000
# Devices of one claim at most, and how many it takes at least however much is due on each.
MOST_DEVICES = 1000
FEWEST_DEVICES = 16
# So many messages of each device are a backlog.
BACKLOG = 4


def message_limit(device_limit: int) -> int:
    """Messages of a claim for so many devices at most: those that may all go at once."""
    return min(BATCH, device_limit * CALLS_PER_DEVICE)


class ClaimWindow:
    """The size of the next claim of one worker.

    Where a backlog waits on each device, half of the devices that can be had make a batch. Other
    workers then find theirs unlocked. The devices that waited longest come first, so every device
    has its turn.
    """

    def __init__(self) -> None:
        # Devices that the next claim may take.
        self.device_limit = MOST_DEVICES
        # Whether the last claim had no room for everything that was due.
        self.more_is_due = False

    def update(self, devices: int, messages: int) -> None:
        """Adapts to a claim of ``messages`` of ``devices``, made within ``device_limit``."""
        full = messages >= message_limit(self.device_limit) // 2
        self.more_is_due = full or devices >= self.device_limit
        if not (full and messages >= BACKLOG * devices):
            self.device_limit = MOST_DEVICES
        elif devices < self.device_limit:
            self.device_limit = max(FEWEST_DEVICES, devices // 2)

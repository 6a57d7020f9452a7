"""A circuit breaker: a device whose gateway does not answer goes offline, and nothing is tried with
it until the monitor finds that it answers again. Otherwise thousands of messages would fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from runners.gateways.protocol import Outcome, Unknown, Unreachable

# So many calls in a row, of one device, that reached nobody or got no answer.
TRIPS_AFTER = 3
NOT_CALLED = Unreachable("not called in time")


class Breaker:
    """What one process knows of the devices that it sends with."""

    def __init__(self) -> None:
        self._failures: Counter[UUID] = Counter()

    def tripped(self, outcomes: Iterable[tuple[UUID, Outcome]]) -> dict[UUID, str]:
        """Takes in what calls of devices came to, in their order; returns the devices that are to
        go offline, with the reason."""
        found: dict[UUID, str] = {}
        for device_id, outcome in outcomes:
            if not isinstance(outcome, (Unknown, Unreachable)):
                self._failures.pop(device_id, None)
                found.pop(device_id, None)
                continue
            if outcome == NOT_CALLED:  # says nothing about the gateway
                continue
            self._failures[device_id] += 1
            if self._failures[device_id] >= TRIPS_AFTER:
                found[device_id] = f"{TRIPS_AFTER} calls in a row failed: {outcome.reason}"
        for device_id in found:
            del self._failures[device_id]
        return found

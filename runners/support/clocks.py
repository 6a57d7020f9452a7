"""Time for runners: the system's, or one that a simulation moves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """``clock()`` is the present instant, aware and in UTC; ``sleep`` waits seconds of it."""

    def __call__(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock on the wall."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SimulatedClock:
    """Stands still until it is moved; whoever sleeps on it wakes at once."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def move_to(self, instant: datetime) -> None:
        """Forwards only."""
        self.now = max(self.now, instant)

    def advance(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now

"""The clocks of runners: the system's clock, and a simulated one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The source of the present instant."""

    def __call__(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits so many seconds of this clock."""
        ...


class SystemClock:
    """The clock of the operating system."""

    def __call__(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Waits so many seconds."""
        await asyncio.sleep(seconds)


class SimulatedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """The instant to which the clock was moved last."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Gives way to other tasks once, and waits no time."""
        await asyncio.sleep(0)

    def move_to(self, instant: datetime) -> None:
        """Moves the clock to ``instant``, unless that lies in its past."""
        self.now = max(self.now, instant)

    def advance(self, **delta: float) -> datetime:
        """Moves the clock by a ``timedelta`` of these arguments; returns the new instant."""
        self.now += timedelta(**delta)
        return self.now

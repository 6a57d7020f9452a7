"""Runners wait on their clock, so theirs can."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runners.support.clocks import SimulatedClock


@pytest.fixture
def clock() -> SimulatedClock:
    """It is Monday, 2 March 2026, 08:00 UTC; whoever sleeps wakes at once."""
    return SimulatedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))

"""Time travel through the time of a clock that was wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from projections.container import Container
from projections.database.engine import rows
from projections.rebuild import rebuild as module
from projections.rebuild.rebuild import replay
from runners.support.clocks import SimulatedClock
from tests.support import given, when
from tests.support.when import Phones

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("page", [1, 3, 5000])
def test_a_stream_ends_before_its_first_later_event(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """A worker an hour ahead claimed and dispatched; its clock was right again when it recorded
    that the message was sent. An hour ago only that is known to have been, which says nothing
    alone. What others recorded in time is there."""
    monkeypatch.setattr(module, "PAGE", page)
    given.due_messages(container)
    worker = when.broadcaster(container, Phones(clock))
    clock.now += HOUR
    when.claims(worker)
    result = when.dispatches(worker)
    clock.now -= HOUR
    clock.advance(seconds=1)
    when.sends(worker, result)
    given.device(container, "Sales 2")

    replay(container.database, "before", clock())
    replay(container.database, "after", clock() + HOUR)

    def statuses(schema: str) -> list[str]:
        with container.database.transaction() as connection:
            found = rows(connection, f"SELECT status FROM {schema}.broadcast_messages")
            devices = rows(connection, f"SELECT FROM {schema}.devices")
        assert len(devices) == 2
        return [row.status for row in found]

    assert statuses("before") == ["pending"]
    assert statuses("after") == ["sent"]

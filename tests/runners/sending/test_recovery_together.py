"""Before a worker claims anything of a server that may have gone back, every living one has looked
what that lost of its dispatches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.container import Container
from runners.sending import recovery
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.went_back import goes_back, meets_another_server, position, proven, reconciles
from tests.support.when import Phones


@pytest.fixture
def other(database_url: str, clock: SimulatedClock) -> Iterator[Container]:
    """Another process on the same database."""
    with Container(Settings(database_url=database_url, secret_key=SECRET_KEY), clock) as opened:
        yield opened


def test_nobody_claims_before_every_worker_has_looked(
    container: Container, other: Container, clock: SimulatedClock
) -> None:
    """What another one has sent is put aside first."""
    given.device(container, "A")
    given.device(container, "B")
    given.many_leads(container, 6)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    first = when.broadcaster(container, phones, "first")
    second = when.broadcaster(other, phones, "second")
    for worker in (first, second):
        reconciles(worker)
    before = position(container)
    first.window.device_limit = 1
    when.sends_claimed(first, first.claim(first.claim_request()))
    when.sends_claimed(second, second.claim(second.claim_request()))
    assert len(phones.sent) == 6

    goes_back(container, before, first, second)
    with pytest.raises(StorageError, match="the server changed"):
        first.claim(first.claim_request())
    reconciles(first, second)
    when.looks(first, second)

    assert then.statuses(container) == {"sent": 6}
    assert len(phones.sent) == 6
    proven(container, phones)


def test_a_worker_that_is_gone_is_not_waited_for_without_end(
    container: Container,
    other: Container,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recovery, "PATIENCE", 0.2)
    monkeypatch.setattr(recovery, "LOOK_AGAIN", 0.01)
    worker = when.broadcaster(container, Phones(clock), "living")
    gone = when.broadcaster(other, Phones(clock), "gone")
    reconciles(worker, gone)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE runner_processes SET server = 'the server before'")
    meets_another_server(worker)

    reconciles(worker)

    servers = {row.process: row.server for row in then.table(container, "runner_processes")}
    assert servers["gone"] == "the server before"
    assert servers["living"] == container.database.watch.server


def test_a_worker_that_was_silent_long_before_is_not_waited_for(
    container: Container, other: Container, clock: SimulatedClock
) -> None:
    worker = when.broadcaster(container, Phones(clock), "living")
    reconciles(when.broadcaster(other, Phones(clock), "gone"))
    clock.advance(minutes=2)
    reconciles(worker)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE runner_processes SET server = 'the server before'")
    meets_another_server(worker)

    reconciles(worker)  # would take recovery.PATIENCE

    assert container.database.watch.server != "the server before"

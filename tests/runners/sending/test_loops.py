"""Runners keep going: on a schedule and through outages, until they are told to stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.container import Container
from projections.database.engine import rows
from runners.sending import claim_window, loops
from runners.sending.worker import Broadcaster
from runners.support import outages
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

AWAY = OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))


class Impatient(threading.Event):
    """Whoever waits for it waits no time at all; it is set at the last of so many waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.left = waits
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        self.left -= 1
        if self.left == 0:
            self.set()
        return self.is_set()


def outcomes(*given_: int | Exception) -> tuple[Callable[[], int], list[int | Exception]]:
    """Work that has these outcomes in turn, and those that it had."""
    left, had = list(given_), []

    def work() -> int:
        had.append(left.pop(0))
        if isinstance(had[-1], Exception):
            raise had[-1]
        return had[-1]

    return work, had


@pytest.mark.parametrize(
    "outage", [AWAY, psycopg2.OperationalError("gone"), StorageError("not there")]
)
def test_work_that_fails_is_tried_again_soon_and_then_goes_on(outage: Exception) -> None:
    """The database is away twice; the third try works, and the next one is at its usual time."""
    work, had = outcomes(outage, outage, 3)
    stop = Impatient(waits=3)

    outages.repeat("enroller", work, 300.0, stop)

    assert had == [outage, outage, 3]
    assert stop.waits[:2] == [1.0, 2.0]
    assert 299.0 < stop.waits[2] <= 300.0


def test_pauses_grow_up_to_a_minute() -> None:
    """A database that is away for hours is asked once a minute."""
    assert [outages.back_off(failures) for failures in range(1, 9)] == [
        1.0,
        2.0,
        4.0,
        8.0,
        16.0,
        32.0,
        60.0,
        60.0,
    ]
    assert outages.back_off(100_000) == 60.0


def test_a_fault_is_no_outage() -> None:
    """What no waiting can mend ends the runner, so that somebody looks."""
    work, had = outcomes(ValueError("a bug"), 1)

    with pytest.raises(ValueError, match="a bug"):
        outages.repeat("enroller", work, 300.0, Impatient(waits=3))

    assert len(had) == 1


def test_whoever_is_told_to_stop_during_an_outage_stops() -> None:
    """Without another try."""
    work, had = outcomes(AWAY, AWAY, 1)

    outages.repeat("reaper", work, 60.0, Impatient(waits=2))

    assert had == [AWAY, AWAY]


def test_work_is_repeated_at_its_interval() -> None:
    """Fractions of a second too."""
    stop, calls = threading.Event(), []

    def work() -> int:
        calls.append(1)
        if len(calls) == 3:
            stop.set()
        return 0

    outages.repeat("reaper", work, 0.01, stop)

    assert len(calls) == 3


def while_broadcasting(
    broadcaster: Broadcaster, story: Callable[[], Awaitable[None]], limit: float = 20.0
) -> None:
    """Plays a story beside the broadcaster's loop, and stops it after that."""

    async def play() -> None:
        stop = asyncio.Event()
        loop = asyncio.create_task(loops.broadcast(broadcaster, stop))
        try:
            await asyncio.wait_for(story(), limit)
        finally:
            stop.set()
            await loop

    asyncio.run(play())


async def listening(url: str, but: int = 0) -> int:
    """The process id of the connection on which the broadcaster hears news, once it does; another
    one than ``but``."""

    def find() -> int | None:
        found = asked(
            url,
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            f" AND query LIKE 'LISTEN%' AND pid <> {but}",
        )
        return found[0] if found else None

    return int(await asyncio.to_thread(then.soon, find))


def asked(url: str, statement: str) -> tuple[int, ...] | None:
    """The first row, over a connection of its own."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


async def sent(phones: Phones, count: int) -> None:
    await asyncio.to_thread(then.soon, lambda: len(phones.sent) == count, 5.0)


def test_news_wake_the_broadcaster(container: Container, clock: SimulatedClock) -> None:
    """Its next look is an hour away; a campaign that is triggered now is sent now."""
    given.settings(container, broadcast_every=3600.0)
    given.device(container)
    given.lead(container)
    phones = Phones(clock)

    async def story() -> None:
        await listening(container.database.url)
        given.campaign(container)
        await asyncio.to_thread(when.triggers, container)
        await sent(phones, 1)

    while_broadcasting(when.broadcaster(container, phones), story)

    assert then.statuses(container) == {"sent": 1}


def test_news_that_come_while_it_begins_to_listen_are_not_lost(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another runner of the same process triggers a campaign just before it hears anything."""
    given.settings(container, broadcast_every=3600.0)
    given.device(container)
    given.lead(container)
    given.campaign(container)
    phones = Phones(clock)
    begin = loops.Listener.open

    def begins_too_late(listener: loops.Listener) -> Any:
        when.triggers(container)
        return begin(listener)

    monkeypatch.setattr(loops.Listener, "open", begins_too_late)

    while_broadcasting(when.broadcaster(container, phones), lambda: sent(phones, 1), limit=5.0)

    assert then.statuses(container) == {"sent": 1}


def test_more_devices_than_one_claim_takes_do_not_wait_for_the_next_look(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten, four at a time; the next look is an hour away."""
    monkeypatch.setattr(claim_window, "MOST_DEVICES", 4)
    given.settings(container, broadcast_every=3600.0)
    for number in range(10):
        given.lead(container, number, device_id=given.device(container, f"Sales {number}"))
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)

    while_broadcasting(when.broadcaster(container, phones), lambda: sent(phones, 10), limit=10.0)

    assert then.statuses(container) == {"sent": 10}


def test_resuming_and_connecting_wake_it_too(container: Container, clock: SimulatedClock) -> None:
    """Whatever makes something due."""
    given.settings(container, broadcast_every=3600.0)
    device = given.device(container, online=False)
    given.many_leads(container, 2)
    campaign = given.campaign(container)
    when.triggers(container)
    container.outreach.pause_campaign(campaign, actor="api:sales")
    phones = Phones(clock)

    async def story() -> None:
        await listening(container.database.url)
        for command in (
            lambda: container.outreach.resume_campaign(campaign, actor="api:sales"),
            lambda: container.outreach.connect_device(device, actor="api:sales"),
        ):
            await asyncio.to_thread(command)
        await sent(phones, 2)

    while_broadcasting(when.broadcaster(container, phones), story)

    assert then.statuses(container) == {"sent": 2}


def test_the_broadcaster_survives_a_restart_of_the_database(
    container: Container, clock: SimulatedClock
) -> None:
    """All its connections are cut; it opens new ones, hears news again, and sends."""
    given.settings(container, broadcast_every=3600.0)
    given.device(container)
    given.lead(container)
    phones = Phones(clock)

    async def story() -> None:
        cut = await listening(container.database.url)
        await asyncio.to_thread(asked, container.database.url, CUT)
        await listening(container.database.url, but=cut)
        with Container(Settings(database_url=container.database.url), clock) as another:
            given.campaign(another)
            await asyncio.to_thread(when.triggers, another)
        await sent(phones, 1)

    while_broadcasting(when.broadcaster(container, phones), story)

    assert len(phones.sent) == 1


CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_a_session_that_stands_still_in_a_transaction_is_ended(container: Container) -> None:
    """So that it does not hold the others' rows for ever; for its own process that is an outage."""

    def stands_still(connection: Connection) -> None:
        (own,) = rows(connection, "SELECT pg_backend_pid() AS pid")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '1ms'")
        then.soon(lambda: own.pid not in backends(container))
        connection.exec_driver_sql("SELECT 1")

    with pytest.raises(outages.OUTAGES):
        container.database.run("other", stands_still)
    with container.database.transaction() as connection:
        (row,) = rows(connection, "SHOW idle_in_transaction_session_timeout")
    assert row[0] == "1min"


def backends(container: Container) -> set[int]:
    """The process ids of the server's sessions."""
    with container.database.transaction() as connection:
        return {row.pid for row in rows(connection, "SELECT pid FROM pg_stat_activity")}

"""The broadcaster's loop: woken by news, also after a restart of the database, until it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from projections.config.settings import Settings
from projections.container import Container
from runners.sending import claim_window, loops
from runners.sending.worker import NAME, Broadcaster
from runners.support.clocks import SimulatedClock
from runners.support.health import Health
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.when import Phones


def while_broadcasting(
    broadcaster: Broadcaster, story: Callable[[], Awaitable[None]], limit: float = 20.0
) -> None:
    """Plays a story beside the broadcaster's loop, and stops it after that."""

    async def play() -> None:
        stop = asyncio.Event()
        health = Health([NAME], broadcaster.container.outreach.clock)
        loop = asyncio.create_task(loops.broadcast(broadcaster, stop, health))
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
        with Container(
            Settings(database_url=container.database.url, secret_key=SECRET_KEY), clock
        ) as another:
            given.campaign(another)
            await asyncio.to_thread(when.triggers, another)
        await sent(phones, 1)

    while_broadcasting(when.broadcaster(container, phones), story)

    assert len(phones.sent) == 1


CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

"""A pooler between: session mode works, any other mode is refused at the start."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.container import Container
from projections.database import poolers
from projections.database.installation import recreate
from runners.gateways.sandbox import Sandbox
from runners.sending import loops
from runners.sending.worker import NAME
from runners.support.clocks import SimulatedClock
from runners.support.health import Health
from tests.support import given, servers, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.processes import sendtrail
from tests.support.servers import Server

pytestmark = pytest.mark.skipif(
    servers.pgbouncer() is None, reason="PgBouncer is not installed (Debian's package pgbouncer)"
)

REFUSED = (
    "the database URL leads to a pooler in transaction or statement mode, which takes a session"
    " away after each transaction: use session mode, or connect to the server itself"
)
# How a pooler chooses among its connections decides how soon two clients meet at one.
CHOICES = [
    {},
    {"default_pool_size": 1},
    {"server_round_robin": 1},
    {"min_pool_size": 5, "server_round_robin": 1},
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with servers.running() as started:
        yield started


def test_the_server_itself_is_no_pooler(server: Server) -> None:
    """Nothing is refused."""
    poolers.refuse(server.url)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_lends_its_sessions_out_is_refused(
    server: Server, mode: str, choice: dict[str, int]
) -> None:
    """Also when nobody else uses it, and a second time, when it has connections left."""
    with servers.pooler(server, mode, **choice) as url:
        for _ in range(2):
            with pytest.raises(StorageError) as caught:
                poolers.refuse(url)
            assert str(caught.value) == REFUSED


def test_a_command_says_so_in_one_line(server: Server) -> None:
    """And makes no table there."""
    with servers.pooler(server, "transaction") as url:
        result = sendtrail("status", database_url=recreate(url, "refused"))

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"Error: {REFUSED}\n"
    assert server.ask("SELECT to_regclass('leads')", "refused") is None


def test_session_mode_works(server: Server, clock: SimulatedClock) -> None:
    """A lead is enrolled, a campaign starts, a broadcaster hears of that through the pooler and
    sends both."""
    with (
        servers.pooler(server, "session") as url,
        Container(
            Settings(database_url=recreate(url, "pooled"), secret_key=SECRET_KEY), clock
        ) as container,
    ):
        given.settings(container, broadcast_every=3600.0)
        given.device(container)
        given.sequence(container, bodies=["One", "Two"], first_delay_minutes=0)
        broadcaster = when.broadcaster(container, Sandbox(clock))

        async def story() -> None:
            stop = asyncio.Event()
            health = Health([NAME], clock)
            loop = asyncio.create_task(loops.broadcast(broadcaster, stop, health))
            try:
                await asyncio.to_thread(then.soon, lambda: listens(server))
                given.lead(container, 1, ["COLD"])
                await asyncio.to_thread(when.enrolls, container)
                given.campaign(container)
                await asyncio.to_thread(when.triggers, container)
                sent = {"sent": 2, "pending": 1}
                await asyncio.to_thread(then.soon, lambda: then.statuses(container) == sent)
            finally:
                stop.set()
                await loop

        asyncio.run(story())


def listens(server: Server) -> bool:
    """Whether somebody hears news in the database of this test."""
    heard = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled' AND query LIKE 'LISTEN%'"
    )
    return bool(server.ask(heard))

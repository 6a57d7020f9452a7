"""The sessions that are made: where they lead to, and what each is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from projections.config.settings import Settings
from projections.container import Container
from projections.database import faults, sessions
from projections.database.engine import Database, rows
from projections.database.installation import recreate
from projections.database.listener import Listener
from tests.support import given, servers, then
from tests.support.api.given import SECRET_KEY
from tests.support.servers import Server

TOLD = {
    "TimeZone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "idle_in_transaction_session_timeout": "1min",
    "application_name": "sendtrail",
}


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and its standby, which no test of this module may change."""
    with servers.primary_and_standby() as both:
        yield both


def url_of(*ports: int, name: str = "postgres", **parameters: str) -> str:
    """The URL of that database on these ports, in that order."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    told = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"postgresql://postgres@{hosts}/{name}?{told}"


def test_every_session_is_told_its_settings_also_after_a_rollback(database: Database) -> None:
    """In the first transaction and in the one after a failure."""
    with database.engine.connect() as connection:
        for _ in range(2):
            shown = {name: rows(connection, f"SHOW {name}")[0][0] for name in TOLD}
            connection.rollback()

            assert shown == TOLD


def test_nothing_of_it_is_an_option_of_the_connection(database: Database) -> None:
    """A pooler refuses such options, or drops them."""
    with closing(sessions.connect(database.url)) as connection:
        assert not connection.get_dsn_parameters().get("options")
        assert not connection.autocommit


def test_what_the_url_says_is_stronger(database_url: str) -> None:
    """For whoever knows better."""
    mark = "&" if "?" in database_url else "?"
    url = f"{database_url}{mark}application_name=crm&target_session_attrs=any&connect_timeout=9"
    with closing(sessions.connect(url)) as connection:
        given_ = connection.get_dsn_parameters()

    assert given_["application_name"] == "crm"
    assert given_["target_session_attrs"] == "any"
    assert given_["connect_timeout"] == "9"


def test_whatever_connects_finds_the_server_that_can_be_written_to(
    pair: tuple[Server, Server],
) -> None:
    """The standby is named first, and before it a server that is away."""
    primary, standby = pair
    away = servers.free_port()
    server_url = url_of(away, standby.port, primary.port, sslmode="disable")

    url = recreate(server_url, "sendtrail_several")
    # A host that answers and does not know the database ends libpq's search.
    copied = "SELECT count(*) FROM pg_database WHERE datname = 'sendtrail_several'"
    then.soon(lambda: standby.ask(copied))
    with Container(Settings(database_url=url, secret_key=SECRET_KEY)) as container:
        given.lead(container)
        listener = Listener(container.database.url, "news")
        listener.open()
        with container.database.transaction() as connection:
            (port,) = rows(connection, "SHOW port")[0]
            connection.exec_driver_sql("NOTIFY news")
        then.soon(listener.drain)
        listener.close()

    assert url == url_of(
        away, standby.port, primary.port, name="sendtrail_several", sslmode="disable"
    )
    assert int(port) == primary.port
    assert primary.ask("SELECT count(*) FROM leads", "sendtrail_several") == 1


def test_who_asks_for_a_standby_gets_one(pair: tuple[Server, Server]) -> None:
    """The URL's own wish is stronger than ours."""
    primary, standby = pair
    url = url_of(primary.port, standby.port, target_session_attrs="standby")
    with closing(sessions.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW port")
        assert int(cursor.fetchone()[0]) == standby.port


def test_where_all_are_read_only_none_is_taken(pair: tuple[Server, Server]) -> None:
    """It is an outage, which names every host that was tried."""
    _, standby = pair
    away = servers.free_port()

    with pytest.raises(psycopg2.OperationalError) as caught:
        sessions.connect(url_of(away, standby.port))

    told = faults.describe(caught.value)
    assert told is not None
    assert told.startswith(f"{faults.READ_ONLY}: connection to server at")
    assert f"port {away} failed: Connection refused; connection to server at" in told
    assert f"port {standby.port} failed: session is read-only" in told


def test_a_connection_that_leads_to_a_former_primary_is_given_up() -> None:
    """The standby takes over while the former primary goes on, read-only: the first answer says
    so, and the next attempt is made at the new primary."""
    with servers.primary_and_standby() as (primary, standby):
        primary.ask("CREATE TABLE notes (n int)")
        then.soon(lambda: standby.ask("SELECT to_regclass('notes') IS NOT NULL"))
        database = Database(url_of(primary.port, standby.port), pool_size=2)

        def write(value: int) -> None:
            database.run(
                "other", lambda c: c.exec_driver_sql(f"INSERT INTO notes VALUES ({value})")
            )

        with database.engine.connect(), database.engine.connect():
            pass  # two in the pool, of which one is used below
        standby.promote()
        primary.ask("ALTER SYSTEM SET default_transaction_read_only = on")
        primary.ask("SELECT pg_reload_conf()")
        then.soon(lambda: primary.ask("SHOW default_transaction_read_only") == "on")

        with pytest.raises(OperationalError) as caught:
            write(1)
        for value in (2, 3):
            write(value)
        database.close()

        assert faults.outage(caught.value) == faults.READ_ONLY
        assert standby.ask("SELECT string_agg(n::text, ',' ORDER BY n) FROM notes") == "2,3"
        assert primary.ask("SELECT count(*) FROM notes") == 0

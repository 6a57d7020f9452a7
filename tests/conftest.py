"""One real PostgreSQL for the run, one fresh database per test.

The server is the bundled one, or the one that SENDTRAIL_TEST_DATABASE_URL names.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from projections.config.settings import Settings
from projections.container import Container
from projections.database import embedded
from projections.database.engine import Database
from projections.database.installation import create_schema, url_of
from runners.support.clocks import SimulatedClock

pytest_plugins = ["tests.support.api.fixtures"]

_number = count(1)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a PostgreSQL on which databases may be created."""
    given = os.environ.get("SENDTRAIL_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        home = Path(folder)
        yield embedded.start(home)
        embedded.stop(home)


@pytest.fixture(scope="session")
def admin(server_url: str) -> Iterator[object]:
    """Runs one statement outside a transaction, e.g. CREATE DATABASE."""
    engine = create_engine(
        server_url.replace("postgresql://", "postgresql+psycopg2://", 1),
        isolation_level="AUTOCOMMIT",
    )

    def execute(statement: str) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    yield execute
    engine.dispose()


@pytest.fixture(scope="session")
def template(server_url: str, admin: object) -> Iterator[str]:
    """The name of a database with Sendtrail's schema in it, to be copied."""
    name = f"sendtrail_template_{os.getpid()}"
    admin(f"CREATE DATABASE {name}")  # type: ignore[operator]
    database = Database(url_of(server_url, name))
    create_schema(database)
    database.close()
    yield name
    admin(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[operator]


@pytest.fixture
def database_url(server_url: str, admin: object, template: str) -> Iterator[str]:
    """The URL of a fresh database of this test's own."""
    name = f"sendtrail_test_{os.getpid()}_{next(_number)}"
    admin(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[operator]
    yield url_of(server_url, name)
    admin(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[operator]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> SimulatedClock:
    """It is Monday, 2 March 2026, 08:00 UTC; whoever sleeps wakes at once."""
    return SimulatedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


@pytest.fixture
def container(database_url: str, clock: SimulatedClock) -> Iterator[Container]:
    """The application on a fresh database, at the test's own time."""
    with Container(Settings(database_url=database_url), clock) as opened:
        yield opened

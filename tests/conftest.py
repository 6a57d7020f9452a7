"""One real PostgreSQL for the run, one fresh database per test.

The server is the bundled one, which all workers share, or the one that SENDTRAIL_TEST_DATABASE_URL
names.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from projections.config.settings import Settings
from projections.container import Container
from projections.database.engine import Database
from projections.database.installation import create_schema, url_of
from runners.support.clocks import SimulatedClock
from tests.support import postgres
from tests.support.api.given import SECRET_KEY

pytest_plugins = ["tests.support.api.fixtures", "tests.support.chromium"]

URL = "SENDTRAIL_TEST_DATABASE_URL"
LONG = (
    "tests/chaos/",
    "tests/scenarios/",
    "tests/projections/audit/test_every_message.py",
    "tests/projections/rebuild/test_swap",
    "tests/api/test_description.py",
    "tests/runners/cli/test_hostile.py",
)
Admin = Callable[[str], Any]

_number = count(1)


# Where the first process keeps the home of the server; pytest-xdist hands it to the workers.
HOME = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and URL not in os.environ:
        config.stash[HOME] = postgres.make_home()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker of pytest-xdist is about to start."""
    if HOME in node.config.stash:
        node.workerinput["home"] = str(node.config.stash[HOME])


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: no collection of garbage has to look at them again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    if HOME in config.stash:
        postgres.remove(config.stash[HOME])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long are spread evenly: every worker begins with an equal part of the list,
    and what a file shares is made once."""
    places: dict[Path, float] = {}
    for are_long in (True, False):
        kind = [item for item in items if item.nodeid.startswith(LONG) is are_long]
        for number, item in enumerate(kind):
            places.setdefault(item.path, number / len(kind))
    items.sort(key=lambda item: (places[item.path], item.path))


@pytest.fixture(scope="session")
def server_url(pytestconfig: pytest.Config) -> str:
    """The URL of a PostgreSQL on which databases may be created."""
    if URL in os.environ:
        return os.environ[URL]
    if hasattr(pytestconfig, "workerinput"):
        return postgres.start(Path(pytestconfig.workerinput["home"]))
    return postgres.start(pytestconfig.stash[HOME])


@pytest.fixture(scope="session")
def admin(server_url: str) -> Iterator[Admin]:
    """Runs one statement outside a transaction, e.g. CREATE DATABASE; gives the first value of an
    answer."""
    engine = create_engine(
        server_url.replace("postgresql://", "postgresql+psycopg2://", 1),
        isolation_level="AUTOCOMMIT",
    )

    def execute(statement: str) -> Any:
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return result.scalar() if result.returns_rows else None

    yield execute
    engine.dispose()


@pytest.fixture(scope="session")
def template(server_url: str, admin: Admin) -> Iterator[str]:
    """The name of a database with Sendtrail's schema in it, to be copied."""
    name = f"sendtrail_template_{os.getpid()}"
    admin(f"CREATE DATABASE {name}")
    database = Database(url_of(server_url, name), secret_key=SECRET_KEY)
    create_schema(database)
    database.close()
    yield name
    admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def copy_strategy(admin: Admin) -> str:
    """How a template is copied soonest: file by file where nothing waits for a disk."""
    return "FILE_COPY" if admin("SHOW fsync") == "off" else "WAL_LOG"


@pytest.fixture
def database_url(server_url: str, admin: Admin, template: str, copy_strategy: str) -> Iterator[str]:
    """The URL of a fresh database of this test's own."""
    name = f"sendtrail_test_{os.getpid()}_{next(_number)}"
    admin(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {copy_strategy}")
    yield url_of(server_url, name)
    admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, secret_key=SECRET_KEY)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> SimulatedClock:
    """It is Monday, 2 March 2026, 08:00 UTC; whoever sleeps wakes at once."""
    return SimulatedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


@pytest.fixture
def container(database_url: str, clock: SimulatedClock) -> Iterator[Container]:
    """The application on a fresh database, at the test's own time. That is a copy of one whose
    schema was just made, so nothing is asked of it before it is used: that takes three times as
    long as all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("projections.container.open_database", as_it_is)
        settings = Settings(database_url=database_url, secret_key=SECRET_KEY, undo_seconds=0)
        opened = Container(settings, clock)
    with opened:
        yield opened


def as_it_is(settings: Settings, *, outdated: bool = False) -> Database:
    """The same as ``open_database`` of a database in which everything is as it should be."""
    assert settings.database_url is not None
    return Database(settings.database_url, secret_key=settings.secret_key)

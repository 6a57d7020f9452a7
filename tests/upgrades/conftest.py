"""The database of the version before, and the same after ``sendtrail rebuild``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from projections.config import metrics
from projections.config.settings import Settings
from projections.container import Container
from projections.database.engine import Database
from projections.database.installation import migrate, url_of
from projections.rebuild.rebuild import rebuild
from runners.process import serve
from runners.support import logs
from runners.support.clocks import SimulatedClock
from tests.conftest import Admin
from tests.support.api.given import SECRET_KEY
from tests.upgrades import dumps

_number = count(1)


@pytest.fixture
def dump() -> dumps.Dump:
    """Which database it is; a test that is for others too replaces it."""
    return dumps.ALL[0]


@pytest.fixture
def clock(dump: dumps.Dump) -> SimulatedClock:
    """It is the moment at which the version before was stopped."""
    return SimulatedClock(dump.end)


@pytest.fixture
def database_url(server_url: str, admin: Admin, dump: dumps.Dump) -> Iterator[str]:
    """The URL of a database as the version before left it."""
    name = f"sendtrail_former_{os.getpid()}_{next(_number)}"
    admin(f"CREATE DATABASE {name}")
    url = url_of(server_url, name)
    dumps.load(url, dump.file)
    yield url
    admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, secret_key=SECRET_KEY)


@pytest.fixture
def migrated(settings: Settings) -> Settings:
    """``sendtrail db migrate`` has run: log and records are of this version, read models not."""
    database = Database(settings.database_url or "", secret_key=SECRET_KEY)
    migrate(database, settings, lambda step: None)
    database.close()
    return settings


@pytest.fixture
def outdated(migrated: Settings, clock: SimulatedClock) -> Iterator[Container]:
    """What ``sendtrail rebuild`` works with: the read models are still those of before."""
    with Container(migrated, clock, outdated=True) as opened:
        yield opened


@pytest.fixture
def container(
    outdated: Container, settings: Settings, clock: SimulatedClock
) -> Iterator[Container]:
    """The application after the upgrade, at the moment of the stop."""
    rebuild(outdated.database, swap=True)
    with Container(settings, clock) as opened:
        yield opened


@pytest.fixture
def prompt(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A command line in a folder with a list of leads, with the settings of this installation.
    Nothing that a command sets for its whole process outlives the test."""
    monkeypatch.chdir(tmp_path)
    Path("leads.csv").write_text("phone,name\n+60120000099,Zara\n")
    for name, value in (
        ("DATABASE_URL", database_url),
        ("SECRET_KEY", SECRET_KEY),
        ("HOME", str(tmp_path)),
    ):
        monkeypatch.setenv(f"SENDTRAIL_{name}", value)
    monkeypatch.setattr(logs, "configure", lambda level: None)
    monkeypatch.setattr(metrics, "share", lambda home: None)
    monkeypatch.setattr(serve, "_gunicorn", lambda *arguments: None)
    return CliRunner()


@pytest.fixture
def new_url(server_url: str, admin: Admin, template: str, copy_strategy: str) -> Iterator[str]:
    """The URL of a database that was made by this version."""
    name = f"{template}_new"
    admin(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {copy_strategy}")
    yield url_of(server_url, name)
    admin(f"DROP DATABASE {name} WITH (FORCE)")

"""The application on a fresh database, at the test's own time, and clients with a key each."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import structlog
from flask import Flask

from api import create_app
from projections.config.settings import Settings
from projections.container import Container
from runners.support import logs
from runners.support.clocks import SimulatedClock
from tests.api.client import Client
from tests.api.given import SECRET_KEY, api_key


@pytest.fixture
def clock() -> SimulatedClock:
    """It is Monday, 2 March 2026, 08:00 UTC; whoever sleeps wakes at once."""
    return SimulatedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


@pytest.fixture
def container(database_url: str, clock: SimulatedClock) -> Iterator[Container]:
    """The container as ``sendtrail serve`` makes it, but for the clock."""
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY)
    with Container(settings, clock) as opened:
        yield opened


@pytest.fixture
def app(container: Container) -> Flask:
    return create_app(container)


@pytest.fixture
def anybody(app: Flask) -> Client:
    """A client without a key."""
    return Client(app)


@pytest.fixture
def viewer(app: Flask, container: Container) -> Client:
    """May read."""
    return Client(app, api_key(container, "dashboard", "viewer"))


@pytest.fixture
def operator(app: Flask, container: Container) -> Client:
    """May read and write."""
    return Client(app, api_key(container, "crm", "operator"))


@pytest.fixture
def administrator(app: Flask, container: Container) -> Client:
    """May do everything."""
    return Client(app, api_key(container, "boss", "admin"))


@pytest.fixture
def logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[[], str]]:
    """Everything is logged as ``sendtrail serve`` does it; gives what was logged so far."""
    stream = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        logs.configure("DEBUG")
    yield lambda: stream.getvalue() + caplog.text
    structlog.reset_defaults()

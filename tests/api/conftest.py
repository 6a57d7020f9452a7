"""The container as ``sendtrail serve`` makes it, and its log."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog

from projections.config.settings import Settings
from projections.container import Container
from runners.support import logs
from runners.support.clocks import SimulatedClock
from tests.support.api.given import SECRET_KEY


@pytest.fixture
def container(database_url: str, clock: SimulatedClock) -> Iterator[Container]:
    """The container as ``sendtrail serve`` makes it, but for the clock."""
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY)
    with Container(settings, clock) as opened:
        yield opened


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

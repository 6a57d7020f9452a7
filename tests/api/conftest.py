"""What is logged, one of each resource, and a key of each kind."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from projections.container import Container
from projections.records import api_keys
from runners.support import logs
from runners.support.clocks import SimulatedClock
from tests.support.api import given
from tests.support.api.client import Client
from tests.support.api.one_of_each import one_of_each


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


@pytest.fixture
def ids(container: Container, clock: SimulatedClock, administrator: Client) -> dict[str, str]:
    """Of one of each, and of another lead."""
    return one_of_each(container, clock, administrator) | {"other_id": given.lead(administrator, 9)}


@pytest.fixture
def keys(container: Container, clock: SimulatedClock, administrator: Client) -> dict[str, Any]:
    """One of each kind."""
    made = {role: given.api_key(container, role, role) for role in ("viewer", "operator")}
    made["revoked"] = given.api_key(container, "left", "admin")
    with container.database.transaction() as connection:
        api_keys.revoke(connection, "left", clock())
    return {**made, "admin": administrator.key, "wrong": "st_" + "A" * 43, "none": None}

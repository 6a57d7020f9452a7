"""Every provider in turn, with its server or without."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.runners.gateways.providers import (
    PROVIDERS,
    Behind,
    Provider,
)
from tests.support.gateways.fake_cloud import FakeCloud
from tests.support.gateways.fakes import serving


@pytest.fixture(params=list(PROVIDERS))
def behind(request: pytest.FixtureRequest) -> Iterator[Behind]:
    """Each provider in turn."""
    provider = PROVIDERS[request.param]
    with serving(provider.server()) as fake:
        yield Behind(provider, fake)


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    """The platform, with one number."""
    with serving(FakeCloud()) as fake:
        yield fake


@pytest.fixture
def nobody() -> str:
    """A URL of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(params=list(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn, without a server."""
    return PROVIDERS[request.param]

"""An office of its own for each scenario."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateways.fake_gowa import FakeGowa, serving
from tests.scenarios.office import Office


@pytest.fixture
def gowa() -> Iterator[FakeGowa]:
    """The server behind the phones; it takes everything unless a scenario says otherwise."""
    with serving(FakeGowa()) as fake:
        yield fake


@pytest.fixture
def office(database_url: str, gowa: FakeGowa) -> Iterator[Office]:
    """An office with nothing in it yet."""
    opened = Office(database_url, gowa)
    yield opened
    opened.close()

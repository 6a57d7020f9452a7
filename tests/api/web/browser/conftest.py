"""The application behind an address, for browsers, and somebody at one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from projections.container import Container
from tests.support.api.application import served
from tests.support.api.given import api_key
from tests.support.chromium import Chromium, Person, person


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as found:
        yield found


@pytest.fixture
def mei(chromium: Chromium, address: str, container: Container) -> Iterator[Person]:
    """An operator who is signed in."""
    with person(chromium, address) as somebody:
        somebody.signs_in(api_key(container, "mei", "operator"))
        yield somebody
        assert somebody.complaints == []

"""The application behind an address, for browsers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.api.application import served


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as found:
        yield found

"""What tests of several jobs need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runners.jobs.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A subscriber's server."""
    with receiving() as found:
        yield found

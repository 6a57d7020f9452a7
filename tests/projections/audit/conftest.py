"""A chain of small links."""

from __future__ import annotations

import pytest

from projections.audit import hash_chain


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link for every three events."""
    monkeypatch.setattr(hash_chain, "PAGE", 3)

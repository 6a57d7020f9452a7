"""Streams that the read models lag behind, and those that only look so."""

from __future__ import annotations

import pytest

from domain.application.base import SEQUENCE
from domain.errors import NotFoundError
from projections.container import Container
from tests.support import given, then


def test_a_draft_that_somebody_deleted_meanwhile_is_not_broken(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two editors at once: one deletes it, and the other hears that it is gone. No alarm."""
    draft = given.sequence(container, active=False)
    state = container.outreach.get_sequence(draft)
    container.outreach.delete_sequence(draft, actor=given.ACTOR)
    load = container.outreach._load
    stale = [state]
    monkeypatch.setattr(
        container.outreach,
        "_load",
        lambda kind, id_: stale.pop() if stale and kind is SEQUENCE else load(kind, id_),
    )

    with pytest.raises(NotFoundError):
        container.outreach.delete_sequence(draft, actor=given.ACTOR)

    assert stale == []
    assert then.table(container, "quarantine") == []

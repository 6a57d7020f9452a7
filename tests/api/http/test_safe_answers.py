"""What a changing request is answered is safe, also where it saw what others just committed."""

from __future__ import annotations

from typing import Any

import pytest

from projections.database import flushing
from tests.support.api.client import Client

LEAD = {"phone": "+60123456789", "name": "Aisyah"}
NOWHERE = "/leads/00000000-0000-8000-8000-000000000000"


@pytest.fixture
def path(operator: Client) -> str:
    """The path of a lead that opted out."""
    made = operator.create("/leads", LEAD)
    assert operator.post(f"/leads/{made['id']}/opt-out", {}).status == 200
    flushing.begin_answer()
    return f"/leads/{made['id']}"


def waited(client: Client, method: str, path: str, status: int, **options: Any) -> bool:
    """Whether the answer was waited for; it has that status."""
    assert client.open(method, path, **options).status_code == status
    return flushing.has_waited()


def test_what_is_done_already_is_waited_for(operator: Client, path: str) -> None:
    """The one who did it may not have been answered yet."""
    assert waited(operator, "POST", f"{path}/opt-out", 200, json={})


def test_what_is_refused_for_what_others_did_is_waited_for(operator: Client, path: str) -> None:
    assert waited(operator, "POST", "/leads", 409, json=LEAD)
    flushing.begin_answer()
    assert waited(operator, "PATCH", NOWHERE, 404, json={"name": "Nur"})


def test_an_answer_that_comes_again_is_waited_for(operator: Client) -> None:
    request = {"json": LEAD, "headers": {"Idempotency-Key": "1"}}
    assert waited(operator, "POST", "/leads", 201, **request)
    flushing.begin_answer()

    assert waited(operator, "POST", "/leads", 201, **request)


def test_a_page_of_the_log_is_waited_for(viewer: Client, path: str) -> None:
    """Who follows the log goes on from its last event."""
    assert waited(viewer, "GET", "/audit/events", 200)
    assert not waited(viewer, "GET", "/audit/events?after=1000", 200)


def test_others_are_not_waited_for(operator: Client, anybody: Client, path: str) -> None:
    assert not waited(operator, "GET", path, 200)
    assert not waited(operator, "POST", "/leads", 422, json={"phone": 1})
    assert not waited(anybody, "POST", "/leads", 401, json=LEAD)

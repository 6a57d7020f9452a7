"""Wablas: what goes over the wire, word for word, and what its texts mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from runners.gateways.protocol import (
    Accepted,
    DeviceState,
    Outcome,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from tests.runners.gateways.providers import PROVIDERS, TEXT, outgoing, send, status
from tests.support.gateways.fake_wablas import FakeWablas
from tests.support.gateways.fakes import Asked, Behaviour, serving

WABLAS = PROVIDERS["wablas"]
REF_ID = "00000000-0000-4000-8000-000000000001"


class Talking(FakeWablas):
    """A server that takes everything and says what it is told to."""

    def __init__(self, says: object) -> None:
        super().__init__()
        self.says = says

    def accepted(self, asked: Asked, number: int) -> web.Response:
        return web.json_response(self.says)


@pytest.fixture
def wablas() -> Iterator[FakeWablas]:
    """A server with one device, connected."""
    with serving(FakeWablas()) as fake:
        yield fake


PICTURE = "https://example.com/a.jpeg"
FILE = "https://example.com/price%20list.pdf"


@pytest.mark.parametrize(
    ("changes", "path", "content"),
    [
        ({}, "send-message", {"message": TEXT}),
        ({"media_url": PICTURE}, "send-image", {"image": PICTURE, "caption": TEXT}),
        ({"media_url": FILE}, "send-document", {"document": FILE, "caption": TEXT}),
        ({"media_url": FILE, "body": ""}, "send-document", {"document": FILE}),
    ],
)
def test_a_message_goes_with_our_own_id(
    wablas: FakeWablas, changes: dict[str, Any], path: str, content: dict[str, str]
) -> None:
    """Its receipts come with that id."""
    outcomes = send(WABLAS, outgoing(WABLAS, wablas.url, **changes))

    (asked,) = wablas.asked
    assert wablas.paths == [f"/api/v2/{path}"]
    assert asked.fields == {"data": [{"phone": "60123456789", **content, "ref_id": REF_ID}]}
    assert outcomes == [Accepted(str(UUID(int=1)))]


@pytest.mark.parametrize(
    ("text", "http", "outcome"),
    [
        ("token invalid", 200, Unreachable("TOKEN_INVALID")),
        ("Token Invalid ", 500, Unreachable("TOKEN_INVALID")),
        ("format phone invalid", 400, Rejected("FORMAT_PHONE_INVALID", "HTTP 400")),
        ("quota of +60123456789 is over", 200, Rejected("STATUS_FALSE", "HTTP 200")),
        ("something", 400, Rejected("http_400", "HTTP 400")),
        ("something", 403, Unreachable("http_403")),
        ("something", 429, Throttled(9.0)),
        ("something", 500, Unknown("http_500")),
        (["something"], 200, Rejected("STATUS_FALSE", "HTTP 200")),
    ],
)
def test_a_no_means_what_its_text_or_its_http_status_means(
    wablas: FakeWablas, text: object, http: int, outcome: Outcome
) -> None:
    wablas.behave = lambda asked: Behaviour("reject", code=text, status=http, retry_after=9)
    assert send(WABLAS, outgoing(WABLAS, wablas.url)) == [outcome]


def _taken(**message: object) -> dict[str, object]:
    return {"status": True, "data": {"messages": [message]}}


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (_taken(id="a1", status="pending"), Accepted("a1")),
        (_taken(id="a1", status="sent"), Accepted("a1")),
        (_taken(id="a1", status="cancel"), Rejected("CANCEL", "HTTP 200")),
        (_taken(id="a1", status="reject"), Rejected("REJECTED", "HTTP 200")),
        (_taken(id="a1", status="rejected"), Rejected("REJECTED", "HTTP 200")),
        (
            _taken(status=False, message="format phone invalid"),
            Rejected("FORMAT_PHONE_INVALID", "HTTP 200"),
        ),
        (_taken(status=False), Rejected("STATUS_FALSE", "HTTP 200")),
        (_taken(id="", status="pending"), Unknown("an answer that cannot be read")),
        (_taken(id=["a1"], status=["pending"]), Unknown("an answer that cannot be read")),
        ({"status": True, "data": []}, Unknown("an answer that cannot be read")),
        ({"status": True, "data": {"messages": []}}, Unknown("an answer that cannot be read")),
        ({"status": "true"}, Unknown("an answer that cannot be read")),
    ],
)
def test_pending_is_accepted_and_nothing_that_is_unclear_is(says: object, outcome: Outcome) -> None:
    with serving(Talking(says)) as fake:
        assert send(WABLAS, outgoing(WABLAS, fake.url)) == [outcome]


def test_a_token_stays_within_its_part_of_the_url(wablas: FakeWablas) -> None:
    odd = {"token": "a&b=c#d e", "secret_key": "s"}
    assert status(WABLAS, wablas.url, **odd) == DeviceState(False, "TOKEN_INVALID")


def test_a_wrong_token_is_told_from_an_unknown_state(wablas: FakeWablas) -> None:
    wablas.inquiry = Behaviour("reject", code="token invalid", status=200)
    assert status(WABLAS, wablas.url) == DeviceState(False, "TOKEN_INVALID")
    wablas.inquiry = Behaviour("reject", code="who knows", status=200)
    assert status(WABLAS, wablas.url) == DeviceState(False, "STATUS_FALSE")
    wablas.inquiry = Behaviour("reject", code="who knows", status=503)
    assert status(WABLAS, wablas.url) is None

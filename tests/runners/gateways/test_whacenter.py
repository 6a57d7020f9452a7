"""Whacenter: what goes over the wire, word for word, and what its texts mean."""

from __future__ import annotations

from collections.abc import Iterator

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
from tests.support.gateways.fake_whacenter import DEVICE_ID, NOT_FOUND, FakeWhacenter
from tests.support.gateways.fakes import Asked, Behaviour, serving

WHACENTER = PROVIDERS["whacenter"]
OFF = "DEVICE_NOT_CONNECTED_OR_NOT_FOUND"


class Talking(FakeWhacenter):
    """A service that takes everything and says what it is told to."""

    def __init__(self, says: object) -> None:
        super().__init__()
        self.says = says

    def accepted(self, asked: Asked, number: int) -> web.Response:
        return web.json_response(self.says)


@pytest.fixture
def whacenter() -> Iterator[FakeWhacenter]:
    """The service, with one device, connected."""
    with serving(FakeWhacenter()) as fake:
        yield fake


@pytest.mark.parametrize(
    ("url", "more"),
    [
        (None, {}),
        ("https://example.com/a.jpg", {"file": "https://example.com/a.jpg"}),
        ("https://example.com/a%20b.pdf", {"file": "https://example.com/a%20b.pdf"}),
    ],
)
def test_everything_goes_as_one_form(
    whacenter: FakeWhacenter, url: str | None, more: dict[str, str]
) -> None:
    outcomes = send(WHACENTER, outgoing(WHACENTER, whacenter.url, media_url=url))

    (asked,) = whacenter.asked
    assert whacenter.paths == ["/api/send"]
    assert asked.fields == {
        "device_id": DEVICE_ID,
        "number": "60123456789",
        "message": TEXT,
        **more,
    }
    assert outcomes == [Accepted("110864596")]


@pytest.mark.parametrize(
    ("text", "http", "outcome"),
    [
        (NOT_FOUND, 200, Unreachable(OFF)),
        (f"{NOT_FOUND.title()} ", 400, Unreachable(OFF)),
        ("+60123456789 is unknown", 200, Rejected("STATUS_FALSE", "HTTP 200")),
        ("something", 400, Rejected("http_400", "HTTP 400")),
        ("something", 403, Unreachable("http_403")),
        ("something", 429, Throttled(9.0)),
        ("something", 500, Unknown("http_500")),
    ],
)
def test_a_no_means_what_its_text_or_its_http_status_means(
    whacenter: FakeWhacenter, text: str, http: int, outcome: Outcome
) -> None:
    whacenter.behave = lambda asked: Behaviour("reject", code=text, status=http, retry_after=9)
    assert send(WHACENTER, outgoing(WHACENTER, whacenter.url)) == [outcome]


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ({"status": True, "data": {"id": 110864596}}, Accepted("110864596")),
        ({"status": True, "data": {"id": "a1"}}, Accepted("a1")),
        ({"status": True, "data": {"id": 0}}, Unknown("an answer that cannot be read")),
        ({"status": True, "data": {"id": True}}, Unknown("an answer that cannot be read")),
        ({"status": True, "data": {"id": [1]}}, Unknown("an answer that cannot be read")),
        ({"status": True, "data": []}, Unknown("an answer that cannot be read")),
        ({"data": {"id": 7}}, Unknown("an answer that cannot be read")),
    ],
)
def test_only_a_yes_with_an_id_is_accepted(says: object, outcome: Outcome) -> None:
    with serving(Talking(says)) as fake:
        assert send(WHACENTER, outgoing(WHACENTER, fake.url)) == [outcome]


def test_what_it_says_of_a_device(whacenter: FakeWhacenter) -> None:
    """Its credential is part of the question's URL, whatever is in it."""
    whacenter.inquiry = Behaviour("reject", code=NOT_FOUND, status=200)
    assert status(WHACENTER, whacenter.url) == DeviceState(False, OFF)
    whacenter.inquiry = Behaviour("reject", code="who knows", status=503)
    assert status(WHACENTER, whacenter.url) is None
    whacenter.inquiry = Behaviour()
    assert status(WHACENTER, whacenter.url, device_id="a&b=c#d e") == DeviceState(False, OFF)
    assert whacenter.refused == [NOT_FOUND]

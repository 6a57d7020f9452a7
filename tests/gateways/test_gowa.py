"""GOWA: what goes over the wire, and what each answer means."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from runners.gateways import (
    Accepted,
    DeviceState,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.gateways.gowa import Gowa
from runners.gateways.http import Http
from tests.gateways.fake_gowa import CREDENTIALS, Behaviour, FakeGowa, Kind, serving

ID = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def gowa() -> Iterator[FakeGowa]:
    """A server with one device, logged in."""
    fake = FakeGowa()
    fake.devices["sales-1"] = "logged_in"
    with serving(fake):
        yield fake


def outgoing(url: str, **changes: Any) -> Outgoing:
    given: dict[str, Any] = {
        "message_id": ID,
        "device_id": ID,
        "phone": "+60123456789",
        "text": "Hello\nhttps://example.com/?a=1&b=é",
        "media_url": None,
        "attempt": 1,
        "settings": {"base_url": url, "device_id": "sales-1"},
        "call_before": datetime.now(UTC) + timedelta(seconds=5),
        "credentials": CREDENTIALS,
    }
    return Outgoing(**{**given, **changes})


def send(*messages: Outgoing, timeout: float = 5.0) -> list[Outcome]:
    """One after the other, over the same connections."""

    async def each() -> list[Outcome]:
        gateway = Gowa(Http(timeout))
        try:
            return [await gateway.send(message) for message in messages]
        finally:
            await gateway.close()

    return asyncio.run(each())


def test_text_goes_as_json_and_the_phone_as_it_is_stored(gowa: FakeGowa) -> None:
    """No country code is guessed; newlines, URLs and letters survive."""
    assert send(outgoing(gowa.url)) == [Accepted("3EB00000000000000001")]

    (asked,) = gowa.asked
    assert (asked.device, asked.phone) == ("sales-1", "60123456789")
    assert asked.text == "Hello\nhttps://example.com/?a=1&b=é"
    assert asked.fields["phone"] == "60123456789@s.whatsapp.net"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.com/a.JPG?size=2", "image"),
        ("https://example.com/price%20list.pdf", "file"),
    ],
)
def test_media_goes_by_url_with_the_text_as_caption(gowa: FakeGowa, url: str, kind: str) -> None:
    send(outgoing(gowa.url, media_url=url))

    (asked,) = gowa.asked
    assert asked.fields[f"{kind}_url"] == url
    assert asked.text == "Hello\nhttps://example.com/?a=1&b=é"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("throttle", Throttled(7.0)),
        ("busy", Unreachable("SERVICE_UNAVAILABLE")),
        ("reject", Rejected("INVALID_JID", "HTTP 400")),
        ("error", Unknown("INTERNAL_SERVER_ERROR")),
        ("garbage", Unknown("an answer that cannot be read")),
        ("drop", Unknown("ServerDisconnectedError")),
    ],
)
def test_each_answer_says_whether_it_may_have_been_taken(
    gowa: FakeGowa, kind: Kind, outcome: Outcome
) -> None:
    gowa.behave = lambda asked: Behaviour(kind, retry_after=7)
    assert send(outgoing(gowa.url)) == [outcome]
    assert len(gowa.asked) == 1


def test_what_never_got_there_is_unreachable(gowa: FakeGowa) -> None:
    """Nobody listens, the login is wrong, the device is not there, or the URL must not be used."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"

    outcomes = send(
        outgoing(nobody),
        outgoing(gowa.url, credentials={"username": "outreach", "password": "wrong"}),
        outgoing(gowa.url, settings={"base_url": gowa.url, "device_id": "sales-2"}),
        outgoing(gowa.url, settings={"base_url": "http://gowa.example.com"}),
        outgoing(gowa.url, settings={}),
    )

    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, Unreachable)]
    assert reasons[:3] == ["ClientConnectorError", "UNAUTHORIZED", "DEVICE_NOT_FOUND"]
    assert reasons[3] == reasons[4]
    assert reasons[4].startswith("its settings have no base_url with https")
    assert gowa.asked == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("logged_in", DeviceState(True, "logged_in")),
        ("disconnected", DeviceState(False, "disconnected")),
        (None, DeviceState(False, "DEVICE_NOT_FOUND")),
    ],
)
def test_a_device_is_online_when_it_is_logged_in(
    gowa: FakeGowa, state: str | None, expected: DeviceState
) -> None:
    gowa.devices = {} if state is None else {"sales-1": state}

    async def ask() -> DeviceState | None:
        gateway = Gowa(Http(5.0))
        try:
            settings = {"base_url": gowa.url, "device_id": "sales-1"}
            return await gateway.status(ID, settings, CREDENTIALS)
        finally:
            await gateway.close()

    assert asyncio.run(ask()) == expected


def test_a_message_on_its_way_is_not_printed() -> None:
    """Neither its phone nor its device's password may get into a log."""
    assert repr(outgoing("http://127.0.0.1")) == f"<outgoing {ID}>"

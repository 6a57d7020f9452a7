"""GOWA: what goes over the wire, and what its own codes and states mean. What all gateways have in
common is in test_contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runners.gateways.protocol import DeviceState, Unreachable
from tests.runners.gateways.providers import ID, PROVIDERS, TEXT, outgoing, send, status
from tests.support.gateways.fake_gowa import FakeGowa
from tests.support.gateways.fakes import serving

GOWA = PROVIDERS["gowa"]


@pytest.fixture
def gowa() -> Iterator[FakeGowa]:
    """A server with one device, logged in."""
    fake = FakeGowa()
    fake.devices["sales-1"] = "logged_in"
    with serving(fake):
        yield fake


def test_text_goes_as_json_to_a_jid(gowa: FakeGowa) -> None:
    send(GOWA, outgoing(GOWA, gowa.url))

    (asked,) = gowa.asked
    assert gowa.paths == ["/send/message"]
    assert asked.device == "sales-1"
    assert asked.fields == {"phone": "60123456789@s.whatsapp.net", "message": TEXT}


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.com/a.JPG?size=2", "image"),
        ("https://example.com/price%20list.pdf", "file"),
    ],
)
def test_media_goes_as_a_form_by_its_kind(gowa: FakeGowa, url: str, kind: str) -> None:
    send(GOWA, outgoing(GOWA, gowa.url, media_url=url))

    (asked,) = gowa.asked
    assert gowa.paths == [f"/send/{kind}"]
    assert asked.fields == {
        "phone": "60123456789@s.whatsapp.net",
        "caption": TEXT,
        f"{kind}_url": url,
    }


def test_a_device_that_it_does_not_have_blames_no_message(gowa: FakeGowa) -> None:
    settings = {"base_url": gowa.url, "device_id": "sales-2"}
    message = outgoing(GOWA, gowa.url, settings=settings)
    assert send(GOWA, message) == [Unreachable("DEVICE_NOT_FOUND")]


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
    assert status(GOWA, gowa.url) == expected


def test_a_message_on_its_way_is_not_printed() -> None:
    """Neither its phone nor its device's password may get into a log."""
    assert repr(outgoing(GOWA, "http://127.0.0.1")) == f"<outgoing {ID}>"

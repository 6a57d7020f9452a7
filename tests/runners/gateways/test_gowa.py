"""GOWA: what goes over the wire, and what its own codes and states mean. What all gateways have in
common is in test_contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiohttp import web

from runners.gateways.protocol import DeviceState, Rejected, Unreachable
from tests.runners.gateways.providers import ID, PROVIDERS, TEXT, outgoing, send, status
from tests.support.gateways.fake_gowa import FakeGowa
from tests.support.gateways.fakes import Behaviour, serving
from tests.support.gateways.gowa_description import DescribedGowa, problems

GOWA = PROVIDERS["gowa"]
OURS = "60399990021@s.whatsapp.net"


class Naming(FakeGowa):
    """A server that says of its one device what it is told to."""

    def __init__(self, says: dict[str, object]) -> None:
        super().__init__()
        self.says = says

    async def list_devices(self, request: web.Request) -> web.StreamResponse:
        device = {"id": "sales-1", "state": "logged_in", **self.says}
        return web.json_response({"code": "SUCCESS", "message": "", "results": [device]})


@pytest.fixture
def gowa() -> Iterator[FakeGowa]:
    """A server with one device, logged in. All that it was asked must be as it is described."""
    fake = DescribedGowa()
    fake.devices["sales-1"] = "logged_in"
    with serving(fake):
        yield fake
    assert fake.wrong == []


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
        ("https://example.com/tour.mp4", "video"),
        # Neither has a caption, and no text may be lost.
        ("https://example.com/hello.mp3", "file"),
        ("https://example.com/smile.webp", "image"),
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


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.com/hello.mp3", "audio"),
        ("https://example.com/voice.OGG", "audio"),
        ("https://example.com/smile.webp", "sticker"),
    ],
)
def test_audio_and_stickers_go_as_what_they_are_without_a_text(
    gowa: FakeGowa, url: str, kind: str
) -> None:
    send(GOWA, outgoing(GOWA, gowa.url, body="", media_url=url))

    (asked,) = gowa.asked
    assert gowa.paths == [f"/send/{kind}"]
    assert asked.fields == {"phone": "60123456789@s.whatsapp.net", f"{kind}_url": url}


@pytest.mark.parametrize(
    ("method", "path", "query", "kind", "body", "wrong"),
    [
        ("POST", "/send/message", {}, "application/json", {"phone": "1", "message": "a"}, []),
        ("GET", "/send/message", {}, None, None, ["GET /send/message is not described"]),
        (
            "POST",
            "/send/audio",
            {},
            "multipart/form-data",
            {"phone": "1", "audio_url": "u", "caption": "a"},
            [
                "body: Additional properties are not allowed ('caption' was unexpected)",
            ],
        ),
        ("POST", "/send/message", {}, None, None, ["body: it is missing"]),
        ("POST", "/send/message", {}, "text/csv", "a", ["body: text/csv is not described"]),
        ("POST", "/devices/a%2Fb/login/code", {}, None, None, ["query: phone is missing"]),
        ("GET", "/devices", {"a": "1"}, None, None, ["query: a is not described"]),
    ],
)
def test_what_is_not_described_is_found(
    method: str, path: str, query: dict[str, str], kind: str | None, body: object, wrong: list[str]
) -> None:
    """The check that every test with the server ends with can fail."""
    assert problems(method, path, query, kind, body) == wrong


def test_a_device_that_it_does_not_have_blames_no_message(gowa: FakeGowa) -> None:
    settings = {"base_url": gowa.url, "device_id": "sales-2"}
    message = outgoing(GOWA, gowa.url, settings=settings)
    assert send(GOWA, message) == [Unreachable("DEVICE_NOT_FOUND")]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("logged_in", DeviceState(True, "logged_in", OURS)),
        ("disconnected", DeviceState(False, "disconnected", OURS)),
        # A text of its own may repeat what it was told.
        ("Basic cGFzcw==", DeviceState(False, "UNKNOWN_STATE", OURS)),
        (None, DeviceState(False, "DEVICE_NOT_FOUND")),
    ],
)
def test_a_device_is_online_when_it_is_logged_in(
    gowa: FakeGowa, state: str | None, expected: DeviceState
) -> None:
    gowa.devices = {} if state is None else {"sales-1": state}
    assert status(GOWA, gowa.url) == expected


@pytest.mark.parametrize(
    ("jid", "address"),
    [
        (OURS, OURS),
        ("60399990021:12@s.whatsapp.net", OURS),
        ("60399990021.1:12@s.whatsapp.net", OURS),
        ("", ""),
        ("sales", ""),
        ("120363402106000039@g.us", ""),
    ],
)
def test_a_devices_own_number_is_named_as_webhooks_name_it(
    gowa: FakeGowa, jid: str, address: str
) -> None:
    """Which is without the part that says which of the number's devices this one is; before its
    first login it has none."""
    gowa.jids["sales-1"] = jid
    assert status(GOWA, gowa.url) == DeviceState(True, "logged_in", address)


@pytest.mark.parametrize(
    ("device", "address"),
    [
        ({"phone_number": "60399990021"}, OURS),
        ({"phone_number": "60399990021", "jid": None}, OURS),
        ({"phone_number": ["60399990021"], "jid": {"user": "60399990021"}}, ""),
        ({}, ""),
    ],
)
def test_a_devices_own_number_may_come_without_its_jid(
    device: dict[str, object], address: str
) -> None:
    with serving(Naming(device)) as fake:
        assert status(GOWA, fake.url) == DeviceState(True, "logged_in", address)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Phone 60123456789@s.whatsapp.net is not on whatsapp", "not_on_whatsapp"),
        ("phone 60123456789 IS NOT ON WHATSAPP. ", "not_on_whatsapp"),
        ("invalid JID 60123456789@: is not on whatsapp servers", "INVALID_JID"),
        ("user is not registered", "INVALID_JID"),
    ],
)
def test_a_number_that_is_not_on_whatsapp_has_a_code_of_its_own(
    gowa: FakeGowa, words: str, code: str
) -> None:
    """GOWA's own code is the same for every number that it refuses."""
    gowa.behave = lambda asked: Behaviour("reject", words=words)
    assert send(GOWA, outgoing(GOWA, gowa.url)) == [Rejected(code, "HTTP 400")]


def test_only_its_code_for_numbers_speaks_of_a_number(gowa: FakeGowa) -> None:
    said = Behaviour("reject", code="BAD_REQUEST", words="{phone} is not on whatsapp")
    gowa.behave = lambda asked: said
    assert send(GOWA, outgoing(GOWA, gowa.url)) == [Rejected("BAD_REQUEST", "HTTP 400")]


def test_a_message_on_its_way_is_not_printed() -> None:
    """Neither its phone nor its device's password may get into a log."""
    assert repr(outgoing(GOWA, "http://127.0.0.1")) == f"<outgoing {ID}>"

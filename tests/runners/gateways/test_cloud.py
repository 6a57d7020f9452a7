"""The WhatsApp Cloud API: what goes over the wire, word for word, and what each code means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.content import Template
from domain.ids import digest_of
from runners.gateways.cloud import CODES, VERSION
from runners.gateways.protocol import (
    Accepted,
    DeviceState,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from tests.runners.gateways.providers import PROVIDERS, outgoing, send, status
from tests.support.gateways.fake_cloud import PHONE_NUMBER_ID, FakeCloud, wamid
from tests.support.gateways.fakes import Behaviour, serving

CLOUD = PROVIDERS["cloud"]
ENVELOPE = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "+60123456789",
    "biz_opaque_callback_data": "00000000-0000-4000-8000-000000000001",
}
PICTURE = "https://example.com/a.PNG?size=2"
FILE = "https://example.com/price%20list.pdf"


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    """The platform, with one number."""
    with serving(FakeCloud()) as fake:
        yield fake


def body(fake: FakeCloud, message: Outgoing) -> dict[str, Any]:
    """What arrives of a message, which the platform takes."""
    send(CLOUD, message)
    assert fake.refused == []
    (asked,) = fake.asked
    return asked.fields


@pytest.mark.parametrize(
    ("text", "preview"),
    [("Hello\nyou", False), ("Look: https://example.com", True), ("Look: http://a.example", True)],
)
def test_a_text_with_a_link_shows_what_is_behind_it(
    cloud: FakeCloud, text: str, preview: bool
) -> None:
    assert body(cloud, outgoing(CLOUD, cloud.url, body=text)) == {
        **ENVELOPE,
        "type": "text",
        "text": {"body": text, "preview_url": preview},
    }
    assert cloud.paths == [f"/{VERSION}/{PHONE_NUMBER_ID}/messages"]


def test_an_image_goes_by_its_link(cloud: FakeCloud) -> None:
    assert body(cloud, outgoing(CLOUD, cloud.url, media_url=PICTURE, body="Ours")) == {
        **ENVELOPE,
        "type": "image",
        "image": {"link": PICTURE, "caption": "Ours"},
    }


def test_any_other_file_is_a_document_with_its_name(cloud: FakeCloud) -> None:
    assert body(cloud, outgoing(CLOUD, cloud.url, media_url=FILE, body="")) == {
        **ENVELOPE,
        "type": "document",
        "document": {"link": FILE, "filename": "price list.pdf"},
    }


def test_a_template_goes_with_its_variables_in_order(cloud: FakeCloud) -> None:
    template = Template("order_update", "en_US", ("Ann", "7\u00a0March"))
    assert body(cloud, outgoing(CLOUD, cloud.url, template=template)) == {
        **ENVELOPE,
        "type": "template",
        "template": {
            "name": "order_update",
            "language": {"code": "en_US"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "text": "Ann"},
                        {"type": "text", "text": "7\u00a0March"},
                    ],
                }
            ],
        },
    }
    assert repr(template) == "<template order_update>"


@pytest.mark.parametrize(
    ("url", "parameter"),
    [
        (PICTURE, {"type": "image", "image": {"link": PICTURE}}),
        (FILE, {"type": "document", "document": {"link": FILE, "filename": "price list.pdf"}}),
    ],
)
def test_media_is_the_header_of_a_template(
    cloud: FakeCloud, url: str, parameter: dict[str, object]
) -> None:
    template = Template("offer", "ms", ())
    assert body(cloud, outgoing(CLOUD, cloud.url, template=template, media_url=url)) == {
        **ENVELOPE,
        "type": "template",
        "template": {
            "name": "offer",
            "language": {"code": "ms"},
            "components": [{"type": "header", "parameters": [parameter]}],
        },
    }


def test_what_it_is_called_does_not_tell_whose_it_is(cloud: FakeCloud) -> None:
    """The platform's id has the recipient's phone in it; the digest of it has not, and whoever gets
    a receipt finds the message by the same digest."""
    (outcome,) = send(CLOUD, outgoing(CLOUD, cloud.url))
    assert outcome == Accepted(digest_of(wamid("60123456789", 1)))


def test_a_device_may_have_a_version_of_its_own(cloud: FakeCloud) -> None:
    settings = {"base_url": cloud.url, "phone_number_id": int(PHONE_NUMBER_ID), "version": "v23.0"}
    send(CLOUD, outgoing(CLOUD, cloud.url, settings=settings))
    assert cloud.paths == [f"/v23.0/{PHONE_NUMBER_ID}/messages"]
    assert len(cloud.asked) == 1


@pytest.mark.parametrize("number", ["7", "../../me", "7/messages?access_token=x#"])
def test_another_number_blames_no_message(cloud: FakeCloud, number: str) -> None:
    """And what is in a setting stays within its part of the path."""
    settings = {"base_url": cloud.url, "phone_number_id": number}
    (outcome,) = send(CLOUD, outgoing(CLOUD, cloud.url, settings=settings))
    assert outcome == Unreachable("33")
    assert cloud.asked == []


def test_the_platform_is_where_it_is_documented() -> None:
    """Without a base URL; and the token is what is missed then."""
    settings = {"phone_number_id": PHONE_NUMBER_ID}
    (outcome,) = send(CLOUD, outgoing(CLOUD, "", settings=settings, credentials={}))
    assert outcome == Unreachable("its credentials have no access_token")


REJECTED = [
    *(100, 130472, 130497, 131008, 131009, 131021, 131026, 131030, 131047, 131048, 131049, 131050),
    *(131051, 131052, 131053, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 135000),
]
UNREACHABLE = [
    *(0, 3, 10, 33, 190, 200, 230, 299, 368, 131005, 131031, 131037, 131042, 131045, 131057),
    133010,
]
TABLE: list[tuple[int, Outcome]] = [
    *((code, Rejected(str(code), "HTTP 400")) for code in REJECTED),
    *((code, Throttled()) for code in (4, 80007, 130429, 131056)),
    *((code, Unreachable(str(code))) for code in UNREACHABLE),
    *((code, Unknown(str(code))) for code in (1, 2, 131000, 131016, 133004)),
]


@pytest.mark.parametrize(("code", "outcome"), TABLE)
def test_each_code_of_the_table(cloud: FakeCloud, code: int, outcome: Outcome) -> None:
    """With whatever HTTP status it comes: 400 here."""
    cloud.behave = lambda asked: Behaviour("reject", code=code)
    assert send(CLOUD, outgoing(CLOUD, cloud.url)) == [outcome]


def test_the_table_has_nothing_else() -> None:
    written = {code for code, outcome in TABLE}
    assert set(CODES) - written == set(range(201, 299)) - {230}


def test_the_documentation_has_the_same_table() -> None:
    document = Path(__file__).parents[3] / "docs" / "gateways.md"
    section = document.read_text().partition("## WhatsApp Cloud API")[2].partition("\n## ")[0]
    written: dict[int, str] = {}
    for codes, outcome in re.findall(r"^\| (\d[^|]*) \|.*\| (\w+) \|$", section, re.MULTILINE):
        for part in codes.split(", "):
            first, _, last = part.partition(" to ")
            written |= dict.fromkeys(range(int(first), int(last or first) + 1), outcome)
    assert written == CODES


@pytest.mark.parametrize(
    ("status_code", "outcome"),
    [
        (400, Rejected("999999", "HTTP 400")),
        (401, Unreachable("999999")),
        (403, Unreachable("999999")),
        (404, Unreachable("999999")),
        (429, Throttled(3.0)),
        (500, Unknown("999999")),
        (503, Unknown("999999")),
    ],
)
def test_a_code_that_is_not_in_it_means_what_its_http_status_means(
    cloud: FakeCloud, status_code: int, outcome: Outcome
) -> None:
    cloud.behave = lambda asked: Behaviour("reject", code=999999, status=status_code, retry_after=3)
    assert send(CLOUD, outgoing(CLOUD, cloud.url)) == [outcome]


@pytest.mark.parametrize("code", ["131026", True, [], {}, 1.5])
def test_a_code_that_is_no_number_is_none(cloud: FakeCloud, code: object) -> None:
    cloud.behave = lambda asked: Behaviour("reject", code=code, status=500)
    assert send(CLOUD, outgoing(CLOUD, cloud.url)) == [Unknown("http_500")]


@pytest.mark.parametrize(
    ("can_send", "online"), [("AVAILABLE", True), ("LIMITED", True), ("BLOCKED", False)]
)
def test_a_number_is_online_unless_it_is_blocked(
    cloud: FakeCloud, can_send: str, online: bool
) -> None:
    cloud.can_send = can_send
    assert status(CLOUD, cloud.url) == DeviceState(online, can_send)


def test_a_number_that_may_not_be_asked_is_offline(cloud: FakeCloud) -> None:
    cloud.inquiry = Behaviour("reject", code=10, status=403)
    assert status(CLOUD, cloud.url) == DeviceState(False, "10")

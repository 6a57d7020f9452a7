"""The WhatsApp Cloud API: what goes over the wire, word for word, and what each code means."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from domain.addresses import Address
from domain.ids import digest_of
from domain.template import Header, Template
from runners.gateways.cloud import VERSION
from runners.gateways.protocol import (
    Accepted,
    DeviceState,
    Outgoing,
    Unreachable,
)
from tests.runners.gateways.providers import PROVIDERS, outgoing, send, status
from tests.support.gateways.fake_cloud import PHONE_NUMBER_ID, FakeCloud, wamid
from tests.support.gateways.fakes import Asked, Behaviour, serving

CLOUD = PROVIDERS["cloud"]
ENVELOPE = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "+60123456789",
    "biz_opaque_callback_data": "00000000-0000-4000-8000-000000000001",
}
PICTURE = "https://example.com/a.PNG?size=2"
FILE = "https://example.com/price%20list.pdf"


class Talking(FakeCloud):
    """A platform that takes everything and names the contacts that it is told to."""

    def __init__(self, contacts: object) -> None:
        super().__init__()
        self.says = {"messages": [{"id": "wamid.1"}], "contacts": contacts}

    def accepted(self, asked: Asked, number: int) -> web.Response:
        return web.json_response(self.says)


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


def test_named_values_a_header_and_buttons_go_where_they_belong(cloud: FakeCloud) -> None:
    template = Template(
        "offer",
        "ms",
        {"day": "7 March", "customer": "Ann"},
        Header("text", {"shop": "Ipoh"}),
        {"1": "o/17", "0": "x"},
    )
    assert body(cloud, outgoing(CLOUD, cloud.url, template=template))["template"] == {
        "name": "offer",
        "language": {"code": "ms"},
        "components": [
            {
                "type": "header",
                "parameters": [{"type": "text", "parameter_name": "shop", "text": "Ipoh"}],
            },
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "parameter_name": "customer", "text": "Ann"},
                    {"type": "text", "parameter_name": "day", "text": "7 March"},
                ],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "0",
                "parameters": [{"type": "text", "text": "x"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "1",
                "parameters": [{"type": "text", "text": "o/17"}],
            },
        ],
    }


@pytest.mark.parametrize(
    ("header", "parameter"),
    [
        (Header("text", ("Ipoh",)), {"type": "text", "text": "Ipoh"}),
        (Header("image", url=FILE), {"type": "image", "image": {"link": FILE}}),
        (Header("video", url=FILE), {"type": "video", "video": {"link": FILE}}),
        (
            Header("document", url=FILE),
            {"type": "document", "document": {"link": FILE, "filename": "price list.pdf"}},
        ),
    ],
)
def test_a_header_says_itself_what_it_is(
    cloud: FakeCloud, header: Header, parameter: dict[str, object]
) -> None:
    """And goes before the content's media."""
    template = Template("offer", "ms", header=header)
    sent = body(cloud, outgoing(CLOUD, cloud.url, template=template, media_url=PICTURE))
    assert sent["template"]["components"] == [{"type": "header", "parameters": [parameter]}]


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
    assert outcome == Accepted(
        digest_of(wamid("60123456789", 1)), (Address("wa_id", "60123456789"),)
    )


@pytest.mark.parametrize(
    ("adds", "called"),
    [
        ({}, [("wa_id", "60123456789")]),
        ({"wa_id": "601122334455"}, [("wa_id", "601122334455")]),
        (
            {"user_id": "MY.1349120865530200006"},
            [("wa_id", "60123456789"), ("user_id", "MY.1349120865530200006")],
        ),
        ({"wa_id": None, "user_id": "MY.ENT.7"}, [("user_id", "MY.ENT.7")]),
        ({"wa_id": ["60123456789"], "user_id": 7}, []),
        ({"wa_id": "Ann", "user_id": "a\u0000b"}, []),
        ({"wa_id": "1" * 40, "user_id": "x" * 201}, []),
    ],
)
def test_the_answer_says_what_the_recipient_is_called(
    cloud: FakeCloud, adds: dict[str, Any], called: list[tuple[str, str]]
) -> None:
    """Whatever it says there, the message is accepted; and none of it is printed."""
    cloud.contacts["+60123456789"] = adds
    (outcome,) = send(CLOUD, outgoing(CLOUD, cloud.url))
    assert isinstance(outcome, Accepted)
    assert [(address.kind, address.value) for address in outcome.addresses] == called
    assert "60123456789" not in repr(outcome)
    assert "MY." not in str(outcome)


@pytest.mark.parametrize("contacts", [None, [], {}, ["60123456789"], [[]], 7])
def test_an_answer_without_a_contact_names_nobody(contacts: object) -> None:
    with serving(Talking(contacts)) as fake:
        (outcome,) = send(CLOUD, outgoing(CLOUD, fake.url))
    assert outcome == Accepted(digest_of("wamid.1"))


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

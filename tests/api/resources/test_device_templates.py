"""/devices/{id}/templates: what the provider has approved, and what a campaign says against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from projections.config.settings import Settings
from projections.container import Container
from runners.gateways import templates
from runners.support.clocks import SimulatedClock
from tests.support.api import given
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.gateways.fake_cloud import (
    ACCESS_TOKEN,
    BUSINESS_ACCOUNT_ID,
    CREDENTIALS,
    PHONE_NUMBER_ID,
    FakeCloud,
)
from tests.support.gateways.fakes import Behaviour, serving


def named(name: str, *components: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A template as the platform lists it."""
    return {
        "name": name,
        "language": "en_US",
        "status": "APPROVED",
        "category": "MARKETING",
        "components": list(components),
        "id": "1",
        **more,
    }


OFFER = named(
    "offer",
    {"type": "HEADER", "format": "TEXT", "text": "News from {{shop}}"},
    {"type": "BODY", "text": "Hi {{customer}}, until {{day}}, {{customer}}"},
    {"type": "FOOTER", "text": "{{no}}"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Stop"},
            {"type": "URL", "text": "See", "url": "https://example.com/"},
            {"type": "URL", "text": "Order", "url": "https://example.com/{{1}}"},
        ],
    },
)
PICTURE = named(
    "picture",
    {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://x"]}},
    {"type": "BODY", "text": "{{1}} and {{2}}"},
    language="ms",
    category="UTILITY",
    status="PENDING",
)
PLAIN = named("plain", {"type": "BODY", "text": "Hello"})


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    """The platform, with three templates."""
    with serving(FakeCloud()) as fake:
        fake.templates = [OFFER, PICTURE, PLAIN]
        yield fake


@pytest.fixture
def client(container: Container, operator: Client) -> Client:
    """An operator of an API that can read templates."""
    settings = Settings(database_url="", gateway_timeout=30)
    return Client(application(container, templates.reader(settings)), operator.key)


def number(client: Client, cloud: FakeCloud, account: str | None = BUSINESS_ACCOUNT_ID) -> str:
    """The id of a number of the platform."""
    of_account = {} if account is None else {"business_account_id": account}
    return given.device(
        client,
        "Sales 1",
        gateway="cloud",
        settings={
            "base_url": cloud.url,
            "phone_number_id": PHONE_NUMBER_ID,
            **of_account,
        },
        credentials=CREDENTIALS,
    )


def test_the_list_says_what_each_template_asks_for(client: Client, cloud: FakeCloud) -> None:
    """All pages of it, whatever its status; the token goes nowhere else."""
    cloud.per_page = 1
    device = number(client, cloud)

    assert client.get(f"/devices/{device}/templates") == (
        200,
        {
            "items": [
                {
                    "name": "offer",
                    "language": "en_US",
                    "status": "APPROVED",
                    "category": "MARKETING",
                    "variables": {
                        "header": {"kind": "text", "variables": ["shop"]},
                        "body": ["customer", "day"],
                        "buttons": ["2"],
                    },
                },
                {
                    "name": "picture",
                    "language": "ms",
                    "status": "PENDING",
                    "category": "UTILITY",
                    "variables": {
                        "header": {"kind": "image", "variables": []},
                        "body": ["1", "2"],
                        "buttons": [],
                    },
                },
                {
                    "name": "plain",
                    "language": "en_US",
                    "status": "APPROVED",
                    "category": "MARKETING",
                    "variables": {"header": None, "body": [], "buttons": []},
                },
            ]
        },
    )
    assert cloud.refused == []


def test_a_list_longer_than_an_answer_of_a_sending_may_be(client: Client, cloud: FakeCloud) -> None:
    """A hundred templates have more than 64 KiB."""
    body = {"type": "BODY", "text": "x" * 1024}
    cloud.templates = [named(f"offer_{i}", body) for i in range(150)]
    device = number(client, cloud)

    status, listed = client.get(f"/devices/{device}/templates")

    assert (status, len(listed["items"])) == (200, 150)


def test_what_is_missing_is_named(client: Client, operator: Client, cloud: FakeCloud) -> None:
    """The account's id; a gateway without templates; a device that is none."""
    device = number(client, cloud, account=None)
    sandbox = given.device(client, "Sales 2")

    assert client.get(f"/devices/{device}/templates") == (
        409,
        {
            "code": 409,
            "status": "Conflict",
            "message": "the device has no list of templates:"
            " its settings have no business_account_id",
        },
    )
    status, answer = client.get(f"/devices/{sandbox}/templates")
    assert (status, answer["message"]) == (409, "a device behind sandbox has no templates")
    assert client.get(f"/devices/{given.NOBODY}/templates").status == 404
    assert operator.get(f"/devices/{device}/templates").status == 503


def test_a_provider_that_fails_is_a_bad_gateway(client: Client, cloud: FakeCloud) -> None:
    """With its code, and without its text or the token."""
    device = number(client, cloud)
    other = number(client, cloud, account="7")
    cloud.inquiry = Behaviour("reject", code=10, status=403)

    assert client.get(f"/devices/{device}/templates") == (
        502,
        {"code": 502, "status": "Bad Gateway", "message": "the provider refused: code 10"},
    )
    status, answer = client.get(f"/devices/{other}/templates")
    assert (status, answer["message"]) == (502, "the provider refused: code 100")
    assert ACCESS_TOKEN not in str(answer)
    cloud.inquiry = Behaviour("deep")
    status, answer = client.get(f"/devices/{device}/templates")
    assert (status, answer["message"]) == (502, "the provider refused: HTTP 200")


def warned(client: Client, **fields: Any) -> list[tuple[str, str]]:
    """Code and message of what the preview of a campaign says of its template."""
    campaign = given.campaign(client, **fields)
    status, preview = client.get(f"/campaigns/{campaign}/preview")
    assert status == 200
    found = [(w["code"], w["message"]) for w in preview["warnings"]]
    return [each for each in found if each[0] != "everybody"]


VALUES = {"customer": "{name|you}", "day": "Monday"}
HEADER = {"kind": "text", "variables": {"shop": "Ipoh"}}
FITS = {
    "name": "offer",
    "language": "en_US",
    "variables": VALUES,
    "header": HEADER,
    "buttons": {"2": "7"},
}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (FITS, []),
        (
            {**FITS, "variables": ["a", "b"]},
            [
                (
                    "template_variables",
                    "Sales 1: template.variables: expected by name: customer, day",
                )
            ],
        ),
        (
            {**FITS, "buttons": {}},
            [("template_variables", "Sales 1: template.buttons: expected 2")],
        ),
        (
            {**FITS, "language": "ms"},
            [("template_unknown", "Sales 1: the template in ms is only in en_US")],
        ),
        (
            {"name": "nothing", "language": "ms"},
            [("template_unknown", "Sales 1: the template in ms is not there")],
        ),
        (
            {"name": "picture", "language": "ms", "variables": ["a", "b"]},
            [("template_not_approved", "Sales 1: the template is PENDING")],
        ),
    ],
)
def test_a_preview_checks_the_template_against_what_is_approved(
    client: Client, cloud: FakeCloud, wanted: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Before thousands of messages are rejected one by one."""
    number(client, cloud)
    given.lead(client, 1, name="Anna")

    assert warned(client, template=wanted) == expected


def test_a_provider_that_is_away_stops_neither_campaign_nor_preview(
    client: Client, cloud: FakeCloud
) -> None:
    """It is a warning."""
    number(client, cloud)
    given.lead(client, 1, name="Anna")
    cloud.inquiry = Behaviour("reject", code=2, status=500)

    assert warned(client, template=FITS) == [
        (
            "template_unchecked",
            "Sales 1: the template could not be checked: the provider refused: code 2",
        )
    ]


def test_previews_within_a_minute_ask_the_provider_once(
    client: Client, cloud: FakeCloud, clock: SimulatedClock
) -> None:
    """Unless the device is another one since; the list is always as the provider says now."""
    device = number(client, cloud)
    given.lead(client, 1, name="Anna")
    campaign = given.campaign(client, template=FITS)

    def asked(work: Callable[[], Any]) -> int:
        before = len(cloud.paths)
        work()
        return len(cloud.paths) - before

    def preview() -> Any:
        return client.get(f"/campaigns/{campaign}/preview")

    def changes() -> Any:
        settings = client.get(f"/devices/{device}").json["settings"]
        return client.patch(f"/devices/{device}", {"settings": {**settings, "version": "v24.0"}})

    first, second = asked(preview), asked(preview)
    listed = asked(lambda: client.get(f"/devices/{device}/templates"))
    changed = (changes().status, asked(preview))
    clock.advance(minutes=2)

    assert (first, second, listed, changed, asked(preview)) == (1, 0, 1, (200, 1), 1)

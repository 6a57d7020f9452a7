"""Our numbers: a device behind each provider, what it needs, and how its provider proves itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from tests.support.api.webhooks import SECRET, encoded, signature
from tests.support.gateways import fake_cloud, fake_gowa, fake_wablas, fake_whacenter
from tests.support.gateways.fake_cloud import FakeCloud
from tests.support.gateways.fake_gowa import FakeGowa
from tests.support.gateways.fake_wablas import FakeWablas
from tests.support.gateways.fake_whacenter import FakeWhacenter
from tests.support.gateways.fakes import Fake, serving

GOWA_NAME = "sales-1"
GOWA_JID = "60399990021@s.whatsapp.net"
CLOUD_DIGITS = "60399990011"


class Number(NamedTuple):
    """``settings`` go with the base URL of the server, ``credentials`` with its secret."""

    settings: dict[str, Any]
    credentials: dict[str, str]


NUMBERS = {
    "cloud": Number(
        {"phone_number_id": fake_cloud.PHONE_NUMBER_ID},
        {**fake_cloud.CREDENTIALS, "app_secret": SECRET},
    ),
    "gowa": Number({"device_id": GOWA_NAME}, {**fake_gowa.CREDENTIALS, "webhook_secret": SECRET}),
    "wablas": Number({}, {**fake_wablas.CREDENTIALS, "webhook_secret": SECRET}),
    "whacenter": Number({}, {**fake_whacenter.CREDENTIALS, "webhook_secret": SECRET}),
}
# These prove themselves by the URL that they were given.
UNSIGNED = ("wablas", "whacenter")


@contextmanager
def servers() -> Iterator[dict[str, Any]]:
    """A server of every provider, by gateway, until the block ends."""
    gowa = FakeGowa()
    gowa.devices[GOWA_NAME] = "logged_in"
    gowa.jids[GOWA_NAME] = GOWA_JID
    fakes = {
        "cloud": FakeCloud(),
        "gowa": gowa,
        "wablas": FakeWablas(),
        "whacenter": FakeWhacenter(),
    }
    with ExitStack() as stack:
        yield {gateway: stack.enter_context(serving(fake)) for gateway, fake in fakes.items()}


def device_of(gateway: str, fake: Fake) -> dict[str, Any]:
    """The body of ``POST /devices`` for our number behind ``fake``, as fast as it can be."""
    number = NUMBERS[gateway]
    return {
        "name": f"Our number on {gateway}",
        "gateway": gateway,
        "settings": {"base_url": fake.url, **number.settings},
        "credentials": number.credentials,
        "min_delay_seconds": 0,
        "max_delay_seconds": 0,
    }


def webhook(gateway: str, said: Any) -> dict[str, Any]:
    """The body, the headers and the query of the request in which the provider says that."""
    body = encoded(said)
    if gateway in UNSIGNED:
        return {"data": body, "headers": {}, "query_string": {"secret": SECRET}}
    return {"data": body, "headers": signature(body), "query_string": {}}


def sent_ids(fake: Any) -> dict[str, list[str]]:
    """What the provider calls the messages that it took, by the digits of the phone."""
    found: dict[str, list[str]] = {}
    for number, asked in enumerate(fake.asked, start=1):
        answer = json.loads(fake.accepted(asked, number).text)
        match fake:
            case FakeCloud():
                provider_id = answer["messages"][0]["id"]
            case FakeGowa():
                provider_id = answer["results"]["message_id"]
            case FakeWablas():
                provider_id = answer["data"]["messages"][0]["id"]
            case _:
                provider_id = answer["data"]["id"]
        found.setdefault(asked.phone.removeprefix("+"), []).append(str(provider_id))
    return found

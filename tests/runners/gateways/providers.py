"""Every provider with its gateway and its server, and how to ask them for something."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from domain.addresses import Address
from domain.content import Content
from domain.ids import digest_of
from runners.gateways.cloud import Cloud
from runners.gateways.gowa import Gowa
from runners.gateways.http import Http
from runners.gateways.protocol import (
    DeviceState,
    Gateway,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.gateways.wablas import Wablas
from runners.gateways.whacenter import Whacenter
from tests.support.gateways import fake_cloud, fake_gowa, fake_wablas, fake_whacenter
from tests.support.gateways.fake_cloud import FakeCloud
from tests.support.gateways.fake_gowa import FakeGowa
from tests.support.gateways.fake_wablas import FakeWablas
from tests.support.gateways.fake_whacenter import FakeWhacenter
from tests.support.gateways.fakes import Behaviour, Fake

ID = UUID("00000000-0000-4000-8000-000000000001")
PHONE = "+60123456789"
TEXT = "Hello\n\nhttps://example.com/?a=1&b=é 👋🏽\ttill soon"
R = TypeVar("R")


class Provider(NamedTuple):
    """``settings`` go with the base URL of the server. ``first_id`` is what it calls its first
    message, and ``called`` what it calls PHONE then; ``denied`` the code of an answer to ``wrong``
    credentials; ``lacks`` what the gateway says of a device that has nothing but a base URL;
    ``refusals`` some answers and what each means; ``turn_off`` switches its device off, which it
    then calls ``off``; ``own`` is the address that it says the device has."""

    gateway: Callable[[Http], Gateway]
    server: Callable[[], Fake]
    settings: dict[str, Any]
    credentials: dict[str, str]
    wrong: dict[str, str]
    first_id: str
    called: tuple[Address, ...]
    denied: str
    lacks: str
    refusals: tuple[tuple[Behaviour, Outcome], ...]
    turn_off: Callable[[Any], None]
    on: str
    off: str
    own: str


class Behind(NamedTuple):
    """A provider and its server, which runs."""

    provider: Provider
    fake: Fake


def _gowa() -> FakeGowa:
    fake = FakeGowa()
    fake.devices["sales-1"] = "logged_in"
    return fake


def _gowa_off(fake: FakeGowa) -> None:
    fake.devices["sales-1"] = "disconnected"


def _cloud_off(fake: FakeCloud) -> None:
    fake.can_send = "BLOCKED"


def _wablas_off(fake: FakeWablas) -> None:
    fake.state = "disconnected"


def _whacenter_off(fake: FakeWhacenter) -> None:
    fake.state = "NOT CONNECTED"


PROVIDERS = {
    "gowa": Provider(
        Gowa,
        _gowa,
        {"device_id": "sales-1"},
        fake_gowa.CREDENTIALS,
        {"username": "outreach", "password": "wr0ng-secret"},
        "3EB00000000000000001",
        (),
        "UNAUTHORIZED",
        "",  # a GOWA server may have no login, and its only device needs no id
        (
            (Behaviour("reject"), Rejected("INVALID_JID", "HTTP 400")),
            (fake_gowa.NOT_ON_WHATSAPP, Rejected("not_on_whatsapp", "HTTP 400")),
            (Behaviour("busy"), Unreachable("SERVICE_UNAVAILABLE")),
            (Behaviour("error"), Unknown("INTERNAL_SERVER_ERROR")),
        ),
        _gowa_off,
        "logged_in",
        "disconnected",
        "60399990021@s.whatsapp.net",
    ),
    "cloud": Provider(
        Cloud,
        FakeCloud,
        {"phone_number_id": fake_cloud.PHONE_NUMBER_ID},
        fake_cloud.CREDENTIALS,
        {"access_token": "wr0ng-secret"},
        digest_of(fake_cloud.wamid(PHONE[1:], 1)),
        (Address("wa_id", PHONE[1:]),),
        "190",
        "its settings have no phone_number_id",
        (
            (Behaviour("reject"), Rejected("131026", "HTTP 400")),
            (Behaviour("reject", code=131056, status=400), Throttled()),
            (Behaviour("busy"), Unknown("131016")),
            (Behaviour("error"), Unknown("131000")),
        ),
        _cloud_off,
        "AVAILABLE",
        "BLOCKED",
        "",
    ),
    "wablas": Provider(
        Wablas,
        FakeWablas,
        {},
        fake_wablas.CREDENTIALS,
        {"token": "wr0ng-secret", "secret_key": "s3cretKey"},
        "00000000-0000-0000-0000-000000000001",
        (),
        "TOKEN_INVALID",
        "its credentials have no token",
        (
            (Behaviour("reject", status=200), Rejected("STATUS_FALSE", "HTTP 200")),
            (Behaviour("busy"), Unknown("http_503")),
            (Behaviour("error"), Unknown("http_500")),
        ),
        _wablas_off,
        "connected",
        "disconnected",
        "",
    ),
    "whacenter": Provider(
        Whacenter,
        FakeWhacenter,
        {},
        fake_whacenter.CREDENTIALS,
        {"device_id": "wr0ng-secret"},
        "110864596",
        (),
        "DEVICE_NOT_CONNECTED_OR_NOT_FOUND",
        "its credentials have no device_id",
        (
            (Behaviour("reject", status=200), Rejected("STATUS_FALSE", "HTTP 200")),
            (Behaviour("busy"), Unknown("http_503")),
            (Behaviour("error"), Unknown("http_500")),
        ),
        _whacenter_off,
        "CONNECTED",
        "NOT CONNECTED",
        "",
    ),
}


def outgoing(provider: Provider, url: str, **changes: Any) -> Outgoing:
    """A message to PHONE for a device behind the server at ``url``; ``changes`` are of its content
    (``body``, ``media_url``, ``template``) or of the message itself."""
    content = {k: changes.pop(k) for k in ("body", "media_url", "template") if k in changes}
    given: dict[str, Any] = {
        "message_id": ID,
        "device_id": ID,
        "phone": PHONE,
        "content": Content(**{"body": TEXT, **content}),
        "attempt": 1,
        "settings": {"base_url": url, **provider.settings},
        "call_before": datetime.now(UTC) + timedelta(seconds=30),
        "credentials": provider.credentials,
    }
    return Outgoing(**{**given, **changes})


def send(provider: Provider, *messages: Outgoing, timeout: float = 5.0) -> list[Outcome]:
    """One after the other, by one gateway."""

    async def each(gateway: Gateway) -> list[Outcome]:
        return [await gateway.send(message) for message in messages]

    return ask(provider, each, timeout)


def status(provider: Provider, url: str, **credentials: str) -> DeviceState | None:
    """What the gateway says of the device behind the server at ``url``."""

    async def one(gateway: Gateway) -> DeviceState | None:
        settings = {"base_url": url, **provider.settings}
        return await gateway.status(ID, settings, credentials or provider.credentials)

    return ask(provider, one)


def ask(provider: Provider, what: Callable[[Gateway], Awaitable[R]], timeout: float = 5.0) -> R:
    """``what`` with a gateway of its own, which is closed afterwards."""

    async def work() -> R:
        gateway = provider.gateway(Http(timeout))
        try:
            return await what(gateway)
        finally:
            await gateway.close()

    return asyncio.run(work())

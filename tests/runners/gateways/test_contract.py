"""What every gateway keeps, whichever provider is behind it: the message arrives as it is, each
answer says whether it may have been taken, and nothing personal or secret gets out."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from projections.config.settings import Settings
from projections.container import Container
from runners.gateways.http import Http
from runners.gateways.protocol import (
    Accepted,
    DeviceState,
    Gateway,
    Outcome,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.gateways.registry import make_gateways
from runners.gateways.sandbox import Sandbox
from runners.sending.worker import Broadcaster
from runners.support.clocks import SystemClock
from tests.runners.gateways.providers import (
    ID,
    PHONE,
    PROVIDERS,
    TEXT,
    Provider,
    outgoing,
    send,
    status,
)
from tests.support.gateways.fakes import Behaviour, Fake, Kind, serving

DOCUMENT = Path(__file__).parents[3] / "docs" / "gateways.md"
UNREADABLE = Unknown("an answer that cannot be read")
PICTURE = "https://example.com/a%20b.JPG?size=2&x=é"


class Behind(NamedTuple):
    """A provider and its server, which runs."""

    provider: Provider
    fake: Fake


@pytest.fixture(params=list(PROVIDERS))
def behind(request: pytest.FixtureRequest) -> Iterator[Behind]:
    """Each provider in turn."""
    provider = PROVIDERS[request.param]
    with serving(provider.server()) as fake:
        yield Behind(provider, fake)


@pytest.fixture
def nobody() -> str:
    """A URL of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_there_is_a_gateway_for_every_name_in_the_api() -> None:
    found = make_gateways(Settings(database_url="postgresql://"))
    assert list(found) == ["sandbox", "gowa", "cloud", "wablas", "whacenter"]
    http = [gateway.http for gateway in found.values() if not isinstance(gateway, Sandbox)]  # type: ignore[attr-defined]
    assert len({id(each) for each in http}) == 4


# What arrives


def test_a_text_arrives_as_it_is(behind: Behind) -> None:
    """Newlines, tabs, URLs, accents and emoji; and no country code is guessed."""
    provider, fake = behind
    assert send(provider, outgoing(provider, fake.url)) == [Accepted(provider.first_id)]

    (asked,) = fake.asked
    assert asked.text == TEXT
    assert asked.phone.removeprefix("+") == "60123456789"
    assert fake.refused == []


@pytest.mark.parametrize("url", [PICTURE, "https://example.com/price%20list.pdf"])
def test_media_arrives_by_its_url_with_the_text(behind: Behind, url: str) -> None:
    provider, fake = behind
    message = outgoing(provider, fake.url, media_url=url)
    assert send(provider, message) == [Accepted(provider.first_id)]

    (asked,) = fake.asked
    assert asked.text == TEXT
    assert url in _strings(asked.fields)
    assert fake.refused == []


def test_media_needs_no_text(behind: Behind) -> None:
    provider, fake = behind
    message = outgoing(provider, fake.url, media_url=PICTURE, body="")
    assert send(provider, message) == [Accepted(provider.first_id)]
    assert fake.refused == []


def test_connections_are_used_again(behind: Behind) -> None:
    provider, fake = behind
    messages = [outgoing(provider, fake.url)] * 5
    assert {type(outcome) for outcome in send(provider, *messages)} == {Accepted}
    assert len(fake.peers) == 1


# What each answer means


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("drop", Unknown("ServerDisconnectedError")),
        ("garbage", UNREADABLE),
        ("truncated", UNREADABLE),
        ("empty", UNREADABLE),
        ("huge", UNREADABLE),
    ],
)
def test_without_an_answer_that_can_be_read_it_may_have_been_taken(
    behind: Behind, kind: Kind, outcome: Outcome
) -> None:
    """A connection that ends, an error page, half an answer, none, or one of 100 KB."""
    provider, fake = behind
    fake.behave = lambda asked: Behaviour(kind)
    assert send(provider, outgoing(provider, fake.url)) == [outcome]
    assert len(fake.asked) == 1


def test_a_connection_that_ends_before_the_message_was_read_is_unknown(behind: Behind) -> None:
    """We cannot tell that from one that ends after it."""
    provider, fake = behind
    fake.drops_unread = True
    (outcome,) = send(provider, outgoing(provider, fake.url))
    assert isinstance(outcome, Unknown)
    assert (len(fake.paths), fake.asked) == (1, [])


def test_what_the_provider_took_but_did_not_answer_in_time_is_unknown(
    behind: Behind, database_url: str
) -> None:
    """As the broadcaster calls it, which alone decides how long to wait."""
    provider, fake = behind
    fake.behave = lambda asked: Behaviour("hang")
    with Container(
        Settings(database_url=database_url, gateway_timeout=0.5), SystemClock()
    ) as container:

        async def broadcast() -> list[tuple[object, Outcome]]:
            phones = {"it": provider.gateway(Http(0.5))}
            broadcaster = Broadcaster(container, phones, "worker", "test", lambda low, high: low)
            broadcaster.send([("it", outgoing(provider, fake.url))])
            await broadcaster.wake_record.wait()
            await broadcaster.close()
            return [(it.message_id, outcome) for it, outcome in broadcaster.take_outcomes()]

        assert asyncio.run(broadcast()) == [(ID, Unknown("no answer within 0.5 seconds"))]
    assert len(fake.asked) == 1


def test_where_nobody_listens_nothing_was_taken(provider: Provider, nobody: str) -> None:
    assert send(provider, outgoing(provider, nobody)) == [Unreachable("ClientConnectorError")]
    assert status(provider, nobody) == DeviceState(False, "ClientConnectorError")


@pytest.mark.parametrize(("said", "seconds"), [(7, 7.0), (None, None)])
def test_too_fast_waits_as_long_as_the_provider_says(
    behind: Behind, said: int | None, seconds: float | None
) -> None:
    provider, fake = behind
    fake.behave = lambda asked: Behaviour("throttle", retry_after=said)
    assert send(provider, outgoing(provider, fake.url)) == [Throttled(seconds)]


def test_each_refusal_means_what_the_provider_documents(behind: Behind) -> None:
    provider, fake = behind
    for behaviour, outcome in provider.refusals:
        fake.behave = lambda asked, behaviour=behaviour: behaviour
        assert send(provider, outgoing(provider, fake.url)) == [outcome]


def test_wrong_credentials_blame_no_message(behind: Behind) -> None:
    """The message goes as soon as they are right."""
    provider, fake = behind
    message = outgoing(provider, fake.url, credentials=provider.wrong)
    assert send(provider, message) == [Unreachable(provider.denied)]
    assert fake.asked == []


def test_credentials_that_no_header_may_contain_are_only_wrong(behind: Behind) -> None:
    """Such as those that were pasted with a line end, or with a header after it."""
    provider, fake = behind
    pasted = {key: f"{value}\r\nX-Evil: 1" for key, value in provider.wrong.items()}
    message = outgoing(provider, fake.url, credentials=pasted)
    assert send(provider, message) == [Unreachable(provider.denied)]
    assert fake.asked == []


@pytest.mark.parametrize("name", ["cloud", "wablas", "whacenter"])
def test_what_is_missing_is_named_and_nothing_is_asked(name: str, nobody: str) -> None:
    provider = PROVIDERS[name]
    message = outgoing(provider, nobody, settings={"base_url": nobody}, credentials={})
    assert send(provider, message) == [Unreachable(provider.lacks)]


def test_a_redirect_is_not_followed(behind: Behind) -> None:
    """It would take the message and the credentials elsewhere."""
    provider, fake = behind
    with serving(provider.server()) as elsewhere:
        fake.behave = lambda asked: Behaviour("redirect", location=elsewhere.url)
        fake.inquiry = Behaviour("redirect", location=elsewhere.url)
        assert send(provider, outgoing(provider, fake.url)) == [Unreachable("http_307")]
        assert status(provider, fake.url) == DeviceState(False, "http_307")
        assert elsewhere.paths == []


# Where it goes


@pytest.fixture(params=list(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn, without a server."""
    return PROVIDERS[request.param]


@pytest.mark.parametrize("url", ["http://gateway.example.com", "ftp://127.0.0.1", "gateway", 7])
def test_credentials_go_over_no_network_in_clear_text(provider: Provider, url: str) -> None:
    (outcome,) = send(provider, outgoing(provider, url))
    assert isinstance(outcome, Unreachable)
    assert outcome.reason.startswith("its settings have no base_url with https")
    state = status(provider, url)
    assert state is not None
    assert not state.online
    assert state.reason == outcome.reason


def test_clear_text_is_for_those_who_ask_for_it(provider: Provider) -> None:
    """With ``allow_http`` the request is made; that name has no address, so it gets nowhere."""
    url = "http://gateway.invalid"
    settings = {"base_url": url, "allow_http": True, **provider.settings}
    (outcome,) = send(provider, outgoing(provider, url, settings=settings))
    assert outcome == Unreachable("ClientConnectorDNSError")


# Devices


def test_a_device_is_online_or_not(behind: Behind) -> None:
    provider, fake = behind
    assert status(provider, fake.url) == DeviceState(True, provider.on)
    provider.turn_off(fake)
    assert status(provider, fake.url) == DeviceState(False, provider.off)
    assert status(provider, fake.url, **provider.wrong) == DeviceState(False, provider.denied)


@pytest.mark.parametrize("kind", ["drop", "garbage", "truncated", "empty", "throttle", "error"])
def test_where_the_provider_does_not_say_a_devices_state_is_not_known(
    behind: Behind, kind: Kind
) -> None:
    provider, fake = behind
    fake.inquiry = Behaviour(kind)
    assert status(provider, fake.url) is None
    assert fake.paths


# What gets out


def test_nothing_personal_or_secret_is_said(
    behind: Behind, nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the provider answers, and its answers repeat the phone: not in an outcome, a state,
    a log line of whatever level, or what is printed of the message."""
    provider, fake = behind
    caplog.set_level(logging.DEBUG)
    message = outgoing(provider, fake.url)
    said: list[object] = [message, *send(provider, outgoing(provider, nobody))]
    said += send(provider, outgoing(provider, fake.url, credentials=provider.wrong))
    kinds: tuple[Kind, ...] = ("accept", "drop", "garbage", "throttle", "busy", "reject", "error")
    for kind in kinds:
        fake.behave = lambda asked, kind=kind: Behaviour(kind)
        fake.inquiry = Behaviour(kind)
        said += send(provider, message)
        said.append(status(provider, fake.url))
    said.append(status(provider, fake.url, **provider.wrong))

    text = "\n".join([*map(repr, said), *map(str, said), caplog.text])
    secrets = {"60123456789", "wr0ng-secret", *provider.credentials.values(), *TEXT.split()}
    assert [secret for secret in secrets if secret in text] == []


# What is written about them


def _examples() -> dict[str, dict[str, Any]]:
    blocks = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found: list[dict[str, Any]] = [json.loads(block) for block in blocks]
    return {example["gateway"]: example for example in found}


def test_every_provider_has_an_example_that_is_complete(nobody: str) -> None:
    """Nothing is missing in it: the request is made, though here nobody listens."""
    examples = _examples()
    assert list(examples) == list(PROVIDERS)
    for name, example in examples.items():
        settings = {**example["settings"], "base_url": nobody}
        message = outgoing(
            PROVIDERS[name], nobody, settings=settings, credentials=example["credentials"]
        )
        assert send(PROVIDERS[name], message) == [Unreachable("ClientConnectorError")]


# The sandbox, which has no network


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        ({}, Accepted(f"sandbox-{ID}")),
        ({"throttle_rate": 1.0}, Throttled(60.0)),
        ({"timeout_rate": 1.0}, Unknown("no answer from the sandbox")),
        ({"fail_rate": 1.0}, Rejected("not_on_whatsapp", "the sandbox knows no such number")),
    ],
)
def test_the_sandbox_has_every_kind_of_answer_too(
    settings: dict[str, float], outcome: Outcome
) -> None:
    async def both(gateway: Gateway) -> tuple[Outcome, DeviceState | None]:
        message = outgoing(PROVIDERS["gowa"], "", settings=settings, credentials={})
        return await gateway.send(message), await gateway.status(ID, settings, {})

    sandbox = Sandbox(SystemClock())
    assert asyncio.run(both(sandbox)) == (outcome, DeviceState(True))
    assert sandbox.collect(datetime.now(UTC) + timedelta(days=1)) == []
    assert PHONE not in repr(outcome)


def _strings(found: object) -> list[str]:
    """All strings in a body, however deep."""
    if isinstance(found, dict):
        return [text for value in found.values() for text in _strings(value)]
    if isinstance(found, list):
        return [text for value in found for text in _strings(value)]
    return [found] if isinstance(found, str) else []

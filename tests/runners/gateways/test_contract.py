"""What every gateway keeps, whichever provider is behind it: the message arrives as it is, and each
answer says whether it may have been taken."""

from __future__ import annotations

import asyncio
import re

import msgspec
import pytest

from projections.config.settings import Settings
from projections.container import Container
from runners.gateways.http import Http
from runners.gateways.protocol import (
    Accepted,
    DeviceState,
    Outcome,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.gateways.registry import make_gateways
from runners.gateways.sandbox import Sandbox
from runners.sending.dispatch import DispatchResult
from runners.sending.worker import Broadcaster
from runners.support.clocks import SystemClock
from tests.runners.gateways.providers import (
    ID,
    PROVIDERS,
    TEXT,
    Behind,
    Provider,
    outgoing,
    send,
    status,
)
from tests.support.api.given import SECRET_KEY
from tests.support.gateways.fakes import Behaviour, Kind, serving

UNREADABLE = Unknown("an answer that cannot be read")
PICTURE = "https://example.com/a%20b.JPG?size=2&x=é"


def test_there_is_a_gateway_for_every_name_in_the_api() -> None:
    found = make_gateways(Settings(database_url="postgresql://"))
    assert list(found) == ["sandbox", "gowa", "cloud", "wablas", "whacenter"]
    http = [gateway.http for gateway in found.values() if not isinstance(gateway, Sandbox)]  # type: ignore[attr-defined]
    assert len({id(each) for each in http}) == 4


# What arrives


def test_a_text_arrives_as_it_is(behind: Behind) -> None:
    """Newlines, tabs, URLs, accents and emoji; and no country code is guessed."""
    provider, fake = behind
    assert send(provider, outgoing(provider, fake.url)) == [
        Accepted(provider.first_id, provider.called)
    ]

    (asked,) = fake.asked
    assert asked.text == TEXT
    assert asked.phone.removeprefix("+") == "60123456789"
    assert fake.refused == []


@pytest.mark.parametrize("url", [PICTURE, "https://example.com/price%20list.pdf"])
def test_media_arrives_by_its_url_with_the_text(behind: Behind, url: str) -> None:
    provider, fake = behind
    message = outgoing(provider, fake.url, media_url=url)
    assert send(provider, message) == [Accepted(provider.first_id, provider.called)]

    (asked,) = fake.asked
    assert asked.text == TEXT
    assert url in _strings(asked.fields)
    assert fake.refused == []


def test_the_wire_gets_whatsapps_own_spelling_where_it_is_known(behind: Behind) -> None:
    """Brazil: the lead is +55 82 9 9944-0002, and WhatsApp calls her 55 82 9944-0002."""
    provider, fake = behind
    hers = outgoing(provider, fake.url, phone="+5582999440002")
    send(provider, hers, msgspec.structs.replace(hers, wa_id="558299440002"))

    assert [asked.phone.removeprefix("+") for asked in fake.asked] == [
        "5582999440002",
        "558299440002",
    ]
    assert fake.refused == []


def test_media_needs_no_text(behind: Behind) -> None:
    provider, fake = behind
    message = outgoing(provider, fake.url, media_url=PICTURE, body="")
    assert send(provider, message) == [Accepted(provider.first_id, provider.called)]
    assert fake.refused == []


def test_connections_are_used_again(behind: Behind) -> None:
    provider, fake = behind
    messages = [outgoing(provider, fake.url)] * 5
    assert {type(outcome) for outcome in send(provider, *messages)} == {Accepted}
    assert len(fake.peers) == 1


def test_providers_learn_our_version_and_none_of_what_we_are_made_of(behind: Behind) -> None:
    provider, fake = behind
    send(provider, outgoing(provider, fake.url))
    status(provider, outgoing(provider, fake.url))
    (agent,) = fake.agents
    assert re.fullmatch(r"Sendtrail/[0-9]+\.[0-9]+\.[0-9]+\S*", agent)


# What each answer means


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("drop", Unknown("ServerDisconnectedError")),
        ("garbage", UNREADABLE),
        ("deep", UNREADABLE),
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
        Settings(database_url=database_url, secret_key=SECRET_KEY, gateway_timeout=0.5),
        SystemClock(),
    ) as container:

        async def broadcast() -> list[tuple[object, Outcome]]:
            phones = {"it": provider.gateway(Http(0.5))}
            broadcaster = Broadcaster(container, phones, "worker", "test", lambda low, high: low)
            calls = [("it", outgoing(provider, fake.url))]
            broadcaster.accept_dispatch(DispatchResult.empty()._replace(outgoing=calls))
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


def _strings(found: object) -> list[str]:
    """All strings in a body, however deep."""
    if isinstance(found, dict):
        return [text for value in found.values() for text in _strings(value)]
    if isinstance(found, list):
        return [text for value in found for text in _strings(value)]
    return [found] if isinstance(found, str) else []

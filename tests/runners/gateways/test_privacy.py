"""Credentials go over no network in clear text, and nothing personal or secret gets out."""

from __future__ import annotations

import logging

import pytest

from runners.gateways.protocol import (
    Unreachable,
)
from tests.runners.gateways.providers import (
    TEXT,
    Behind,
    Provider,
    outgoing,
    send,
    status,
)
from tests.support.gateways.fakes import Behaviour, Kind


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

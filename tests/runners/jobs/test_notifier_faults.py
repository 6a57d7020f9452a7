"""Nothing that the notifier meets with one subscriber is the others' loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from projections.config.settings import Settings
from projections.container import Container
from runners.jobs import notifier
from runners.jobs.notifier import Notifier
from runners.support.clocks import SimulatedClock
from tests.runners.jobs.receiver import Receiver, receiving
from tests.runners.jobs.test_notifier import campaign_is_sent, subscribes
from tests.support import then
from tests.support.api.given import SECRET_KEY


@pytest.fixture
def container(database_url: str, clock: SimulatedClock) -> Iterator[Container]:
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY)
    with Container(settings, clock) as opened:
        yield opened


@pytest.mark.parametrize("words", [b"[" * 30_000, b'{"a":' * 10_000, b"\xff", b"9" * 30_000, b"["])
def test_what_a_subscriber_answers_is_not_read(
    container: Container, clock: SimulatedClock, receiver: Receiver, words: bytes
) -> None:
    receiver.words = words
    subscribes(container, receiver, ["message.sent"])
    campaign_is_sent(container, clock, leads=3)

    assert Notifier(container).run_once() == 3
    assert then.table(container, "deliveries") == []


@pytest.mark.parametrize("fails", ["_post", "_claim", "_settle"])
def test_whatever_fails_for_one_does_not_stop_the_others(
    container: Container,
    clock: SimulatedClock,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
) -> None:
    """A fault of ours that only one subscription meets; its deliveries are due again later."""
    one, _ = subscribes(container, receiver, ["message.sent"])
    works = getattr(Notifier, fails)

    def broken(self: Notifier, *arguments: Any) -> Any:
        if any(getattr(each, "subscription_id", None) == one for each in arguments):
            raise ZeroDivisionError
        return works(self, *arguments)

    if fails == "_post":
        monkeypatch.setattr(notifier, "base_url", lambda settings: 1 / 0)
        works = Notifier._post
    else:
        monkeypatch.setattr(Notifier, fails, broken)
    with receiving() as other:
        subscribes(container, other, ["message.sent"])
        campaign_is_sent(container, clock, leads=3)
        told = Notifier(container).run_once()

    if fails == "_post":
        # Every subscription met it: each delivery failed by itself, and is tried again.
        errors = {
            str(row.error).partition(" at ")[0] for row in then.table(container, "deliveries")
        }
        assert (told, errors) == (0, {"ZeroDivisionError"})
    else:
        assert told == len(other.got) == 3
        assert len(then.table(container, "deliveries")) == 3

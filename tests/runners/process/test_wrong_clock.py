"""``sendtrail run`` on a machine whose clock is wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from projections.config.settings import Settings
from projections.container import Container
from runners.process import supervisor
from runners.process.supervisor import Runners
from runners.support import clock_watch
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY


class Machine:
    """The clock of a machine, put ahead by ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clocks are compared often. This process is not tuned."""
    monkeypatch.setattr(clock_watch, "EVERY", 0.05)
    monkeypatch.setattr(supervisor, "tune", lambda: None)


def given_due(container: Container, count: int) -> None:
    """At the time of the database."""
    given.device(container)
    given.many_leads(container, count)
    given.campaign(container)
    when.triggers(container)


def beside(runners: Runners, story: Callable[[], Any]) -> None:
    """The runners work until the story is over."""

    def play() -> None:
        try:
            story()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        played = pool.submit(play)
        runners.forever()
    played.result()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_machine_whose_clock_is_an_hour_wrong_sends_nothing_until_it_is_put_right(
    database_url: str, seconds: float
) -> None:
    """Not even at the start. It says so, once as an error; then it goes on by itself."""
    machine = Machine(seconds)
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY, broadcast_every=0.05)
    with Container(settings, machine) as container, capture_logs() as logs:
        machine.seconds = 0.0
        given_due(container, 3)
        machine.seconds = seconds
        runners = Runners(container, ["broadcaster", "reaper"])

        def said(event: str) -> int:
            return [entry["event"] for entry in logs].count(event)

        def story() -> None:
            then.soon(lambda: said("clock.differs") >= 5)
            assert then.statuses(container) == {"pending": 3}
            machine.seconds = 0.0
            then.soon(lambda: then.statuses(container) == {"sent": 3})

        beside(runners, story)

    assert said("clock.is_wrong") == 1
    assert said("clock.is_right_again") == 1
    assert len(then_claims(database_url)) == 3


def then_claims(database_url: str) -> list[Any]:
    with Container(Settings(database_url=database_url, secret_key=SECRET_KEY)) as container:
        return then.events(container, "message.claimed")


def test_a_single_look_is_not_taken_with_a_wrong_clock(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``run --once``: by cron, for instance."""
    monkeypatch.setattr(supervisor, "tune", lambda: None)
    machine = Machine(0.0)
    with Container(
        Settings(database_url=database_url, secret_key=SECRET_KEY), machine
    ) as container:
        given_due(container, 3)
        machine.seconds = 3600.0
        assert Runners(container, ["broadcaster"]).once() == {"broadcaster": 0}
        machine.seconds = 30.0
        assert Runners(container, ["broadcaster"]).once() == {"broadcaster": 3}

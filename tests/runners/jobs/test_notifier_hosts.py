"""No subscriber on a private host is told anything unless the setting names it."""

from __future__ import annotations

import pytest

from domain.hosts import NONE, AllowedHosts, parse_allowed
from projections.container import Container
from runners.jobs.notifier import Notifier
from runners.support.clocks import SimulatedClock
from tests.runners.jobs.receiver import Receiver
from tests.runners.jobs.test_notifier import campaign_is_sent, state, subscribes
from tests.support import given
from tests.support.gateways.names import nobody_answers


@pytest.mark.parametrize(
    ("setting", "addresses", "error"),
    [
        (NONE, [], "its host may not be called: expected a public host; if this private one"),
        (parse_allowed("10.1.2.3"), ["10.1.2.3"], "ClientConnectorError"),
    ],
)
def test_a_private_system_is_told_nothing_unless_the_setting_names_it(
    container: Container,
    clock: SimulatedClock,
    setting: AllowedHosts,
    addresses: list[str],
    error: str,
) -> None:
    """However it got into the table."""
    given.settings(container, allow_private_hosts=setting)
    subscribes(container, Receiver(), ["message.sent"], url="https://10.1.2.3/hook")
    campaign_is_sent(container, clock)

    with nobody_answers() as tried:
        assert Notifier(container).run_once() == 0

    assert sorted(set(tried)) == addresses
    assert state(container).last_error.startswith(error)

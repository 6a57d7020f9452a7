"""Instants that cannot be true are those at which the thing came; none stops the receiver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.inbound import AHEAD, ByHand, Inbound, Preference, Renamed, Reply, dated
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.heard import digits, is_out, outcomes, proves_itself, says

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SAID: list[Inbound] = [
    Reply((digits(1),), "Hi", "in.1"),
    ByHand((digits(1),), "3EB0HAND"),
    Preference((digits(1),), True, "stop"),
    Renamed((digits(1),), (digits(2),)),
]
# As each provider writes the instants.
NEVER = {
    "gowa": ["9999-12-31T23:59:59Z", "9999-12-31T23:49:58Z", "0001-01-01T00:00:00Z"],
    "cloud": ["99999999999", 99999999999, "0"],
}


@pytest.mark.parametrize("said", SAID, ids=lambda said: type(said).__name__)
def test_only_what_can_be_true_is_kept(said: Any) -> None:
    def at(instant: datetime) -> Any:
        return dated(type(said)(**{**{f: getattr(said, f) for f in fields}, "at": instant}), NOW)

    fields = said.__struct_fields__
    for true in (NOW, NOW - timedelta(days=400), NOW + AHEAD, datetime(2009, 1, 1, tzinfo=UTC)):
        assert at(true).at == true
    for never in (NOW + AHEAD + timedelta(seconds=1), datetime(2008, 12, 31, 23, tzinfo=UTC)):
        assert at(never).at == NOW
    assert dated(said, NOW) == said


@pytest.mark.parametrize(
    ("gateway", "instant"), [(gateway, at) for gateway, them in NEVER.items() for at in them]
)
def test_a_reply_of_no_true_instant_is_heard(
    container: Container, gateway: str, instant: Any
) -> None:
    device = webhooks.device(container, gateway)
    lead = given.lead(container)
    said = webhooks.reply(gateway, given.phone(1), "Hi", "in.1", timestamp=instant)
    when.tells(container, gateway, device, said)

    when.receives(container)

    (reply,) = then.events(container, "lead.replied", of=lead)
    assert reply.sent_at == container.outreach.clock()
    proves_itself(container)


def test_a_no_of_the_far_future_does_not_outlast_a_start(
    container: Container, clock: SimulatedClock
) -> None:
    """What an earlier version recorded so does not either."""
    lead = given.lead(container)
    never = datetime(9999, 12, 31, 23, 49, 58, tzinfo=UTC)
    when.told(container, says(1, "STOP", "in.1", at=never))
    assert is_out(container, lead)

    clock.advance(hours=1)
    when.told(container, says(1, "START", "in.2", at=clock()))
    assert not is_out(container, lead)

    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE replies SET sent_at = %(at)s WHERE text = 'STOP'", {"at": never}
        )
    when.told(container, says(1, "STOP", "in.3", at=clock()))
    clock.advance(hours=1)
    when.told(container, says(1, "START", "in.4", at=clock()))
    assert not is_out(container, lead)


def test_a_start_that_comes_late_still_does_not_undo_a_no(
    container: Container, clock: SimulatedClock
) -> None:
    """The provider's clock is two minutes ahead of ours."""
    lead = given.lead(container)
    ahead = timedelta(minutes=2)
    started = clock() + ahead
    clock.advance(seconds=30)
    when.told(container, says(1, "STOP", "in.1", at=clock() + ahead))
    clock.advance(minutes=10)

    when.told(container, says(1, "START", "in.2", at=started))

    assert is_out(container, lead)
    assert outcomes(container) == {"attributed": 2}

"""Receipts and replies that a gateway has to be asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.addresses import Address
from domain.inbound import Receipt, Reply
from projections.container import Container
from runners.gateways.sandbox import Sandbox
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


class Reporting(Phones):
    """A gateway that has these to report, once."""

    reports: list[Receipt | Reply] = []

    def collect(self, now: datetime) -> list[Receipt | Reply]:
        reports, self.reports = self.reports, []
        return reports


def said_by(phone: str, text: str, provider_id: str) -> Reply:
    return Reply((Address("wa_id", phone.removeprefix("+")),), text, provider_id)


def test_the_sandbox_delivers_and_reads(container: Container, clock: SimulatedClock) -> None:
    """Two seconds and a minute and a half later, for those who read at all."""
    given.device(container, settings={"receipts": True, "seed": 1})
    given.many_leads(container, 40)
    given.campaign(container)
    when.triggers(container)
    broadcaster = when.broadcaster(container, Sandbox(clock))

    when.looks(broadcaster)
    clock.advance(seconds=2)
    broadcaster.collect_inbound()
    when.receives(container)
    assert {m.delivered_at for m in then.messages(container)} == {
        datetime(2026, 3, 2, 8, 0, 2, tzinfo=UTC)
    }

    clock.advance(seconds=88)
    broadcaster.collect_inbound()
    when.receives(container)
    read = [m for m in then.messages(container) if m.read_at is not None]
    assert 15 <= len(read) <= 39


def test_both_receipts_at_once_and_twice_count_once(
    container: Container, clock: SimulatedClock
) -> None:
    """Providers repeat themselves and lose the order."""
    given.device(container)
    given.lead(container)
    given.campaign(container)
    when.triggers(container)
    gateway = Reporting(clock)
    broadcaster = when.broadcaster(container, gateway)
    when.looks(broadcaster)
    message_id = then.message(container).message_id

    gateway.reports = [
        Receipt("read", message_id),
        Receipt("delivered", message_id),
        Receipt("read", message_id),
    ]
    broadcaster.collect_inbound()
    when.receives(container)

    assert then.topics(container, message_id)[-3:] == [
        "message.sent",
        "message.delivered",
        "message.read",
    ]


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("Don't stop", ["lead.registered", "lead.replied"]),
        (" Stop! ", ["lead.registered", "lead.replied", "lead.opted_out"]),
    ],
)
def test_a_reply_is_recorded_and_stop_opts_out(
    container: Container, clock: SimulatedClock, text: str, topics: list[str]
) -> None:
    """STOP as the whole message only; the reply answers the message that was sent last."""
    given.device(container)
    lead = given.lead(container)
    given.campaign(container)
    when.triggers(container)
    gateway = Reporting(clock)
    broadcaster = when.broadcaster(container, gateway)
    when.looks(broadcaster)

    gateway.reports = [said_by(given.phone(1), text, "wamid.in.1")]
    broadcaster.collect_inbound()
    when.receives(container)

    assert then.topics(container, lead) == topics
    (replied,) = then.events(container, "lead.replied")
    assert (replied.text, replied.message_id) == (text, then.message(container).message_id)


def test_a_stranger_who_writes_takes_no_other_report_with_it(
    container: Container, clock: SimulatedClock
) -> None:
    """A message from a number that is no lead is nothing to fail about."""
    given.device(container)
    lead = given.lead(container)
    gateway: Any = Reporting(clock)
    broadcaster = when.broadcaster(container, gateway)

    gateway.reports = [
        said_by("+60129999999", "Hello?", "wamid.in.1"),
        said_by(given.phone(1), "STOP", "wamid.in.2"),
    ]
    broadcaster.collect_inbound()
    when.receives(container)

    assert container.outreach.get_lead(lead).opted_out_at is not None

"""/webhooks: receipts come early, late, twice, in any order, of others and of other attempts."""

from __future__ import annotations

from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.gateways.protocol import Accepted, Unknown
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.api.webhooks import ACCEPTED, WITH_RECEIPTS, kept, receipt

# What each provider can say of one message that was read, some of it twice.
SAID = {
    "gowa": ("delivered", "delivered", "read", "played"),
    "cloud": ("sent", "delivered", "delivered", "read"),
    "wablas": ("sent", "delivered", "received", "read"),
}
FAILED: dict[str, dict[str, Any]] = {
    "cloud": {"kind": "failed", "errors": [{"code": 131026}]},
    "wablas": {"kind": "rejected"},
}
CODES = {"cloud": "131026", "wablas": "rejected"}
OUR_ID = {"cloud": "biz_opaque_callback_data", "wablas": "ref_id"}


def failed(gateway: str, provider_id: str, **more: Any) -> dict[str, Any]:
    return receipt(gateway, provider_id=provider_id, **FAILED[gateway], **more)


@pytest.mark.parametrize("gateway", WITH_RECEIPTS)
def test_every_order_comes_to_the_same(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """One message per order in which the receipts can come; each order comes twice."""
    device = webhooks.device(container, gateway)
    orders = sorted(set(permutations(SAID[gateway])))
    given.many_leads(container, len(orders))
    ids = [f"3EB0{number:04d}" for number in range(len(orders))]
    webhooks.hands_over(container, clock, gateway, *(Accepted(kept(gateway, id_)) for id_ in ids))

    for id_, order in zip(ids, orders, strict=True):
        for kind in (*order, *order):
            said = receipt(gateway, kind, id_)
            assert webhooks.post(app, gateway, device, said) == ACCEPTED

    assert len(orders) in (12, 24)
    states = {(m.status, m.delivered_at, m.read_at, m.reason) for m in then.messages(container)}
    assert states == {("sent", clock(), clock(), None)}
    for topic in ("message.sent", "message.delivered", "message.read"):
        assert len(then.events(container, topic)) == len(orders)
    assert not any(rebuild(container.database).values())


@pytest.mark.parametrize("gateway", list(OUR_ID))
@pytest.mark.parametrize("first", ["queued", "unknown"])
def test_every_order_settles_what_had_no_outcome(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str, first: str
) -> None:
    """The provider names our id. Nobody has seen its own before, and it is kept."""
    device = webhooks.device(container, gateway)
    orders = sorted(set(permutations(SAID[gateway])))
    given.many_leads(container, len(orders))
    if first == "unknown":
        webhooks.hands_over(container, clock, gateway, *[Unknown("no answer")] * len(orders))
    else:
        # The answers are on their way; only the hand-over is recorded so far.
        given.campaign(container)
        when.triggers(container)
        one = when.broadcaster(container, when.Phones(clock), name=gateway)
        when.claims(one)
        when.dispatches(one)
    messages = then.messages(container)
    assert {message.status for message in messages} == {first}

    for number, (message, order) in enumerate(zip(messages, orders, strict=True)):
        named = {OUR_ID[gateway]: str(message.message_id)}
        for kind in (*order, *order):
            said = receipt(gateway, kind, f"3EB0{number}", **named)
            assert webhooks.post(app, gateway, device, said) == ACCEPTED

    ids = {message.message_id for message in messages}
    after = [m for m in then.messages(container) if m.message_id in ids]
    assert {(m.status, m.delivered_at, m.read_at) for m in after} == {("sent", clock(), clock())}
    assert {m.provider_id for m in after} == {kept(gateway, f"3EB0{n}") for n in range(len(ids))}
    assert not any(rebuild(container.database).values())


@pytest.mark.parametrize("gateway", list(OUR_ID))
def test_a_failure_settles_what_is_unknown(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """With the provider's reason, and an operator may send it again."""
    device = webhooks.device(container, gateway)
    given.lead(container)
    (message,) = webhooks.hands_over(container, clock, gateway, Unknown("no answer"))
    said = failed(gateway, "3EB0A1", **{OUR_ID[gateway]: str(message.message_id)})

    assert [webhooks.post(app, gateway, device, said) for _ in range(2)] == [ACCEPTED] * 2

    after = then.message(container)
    assert (after.status, after.reason) == ("failed", CODES[gateway])
    assert len(then.events(container, "message.resolved")) == 1
    assert container.outreach.retry_message(after.message_id, actor="api:sales").status == "pending"


@pytest.mark.parametrize("gateway", list(FAILED))
@pytest.mark.parametrize("delivered", [False, True])
def test_what_was_accepted_may_fail_later_unless_it_was_delivered(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str, delivered: bool
) -> None:
    device = webhooks.device(container, gateway)
    given.lead(container)
    webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, "3EB0A1")))
    if delivered:
        webhooks.post(app, gateway, device, receipt(gateway, "delivered", "3EB0A1"))

    for _ in range(2):
        said = failed(gateway, "3EB0A1")
        assert webhooks.post(app, gateway, device, said) == ACCEPTED
    if not delivered:
        late = receipt(gateway, "delivered", "3EB0A1")
        assert webhooks.post(app, gateway, device, late) == ACCEPTED

    message = then.message(container)
    expected = ("sent", None) if delivered else ("failed", CODES[gateway])
    assert (message.status, message.reason) == expected
    assert (message.delivered_at is not None) is delivered
    assert len(then.events(container, "message.failed")) == (0 if delivered else 1)


@pytest.mark.parametrize("gateway", list(FAILED))
@pytest.mark.parametrize("names_ours", [False, True])
def test_receipts_of_an_earlier_attempt_change_nothing(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str, names_ours: bool
) -> None:
    """It failed later, was sent again, and has another id at the provider since."""
    device = webhooks.device(container, gateway)
    given.lead(container)
    (message,) = webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, "first")))
    named = {OUR_ID[gateway]: str(message.message_id)} if names_ours else {}
    webhooks.post(app, gateway, device, failed(gateway, "first", **named))
    container.outreach.retry_message(message.message_id, actor="api:sales")
    webhooks.sends(container, clock, gateway, Accepted(kept(gateway, "second")))
    events = len(then.events(container))

    for said in (
        failed(gateway, "first", **named),
        receipt(gateway, "delivered", "first", **named),
        receipt(gateway, "read", "first", **named),
    ):
        webhooks.post(app, gateway, device, said)

    assert len(then.events(container)) == events
    webhooks.post(app, gateway, device, receipt(gateway, "read", "second", **named))
    after = then.message(container)
    assert (after.status, after.provider_id) == ("sent", kept(gateway, "second"))
    assert (after.delivered_at, after.read_at) == (clock(), clock())


@pytest.mark.parametrize("gateway", WITH_RECEIPTS)
@pytest.mark.parametrize(("minutes", "taken"), [(60, True), (60.1, False)])
def test_receipts_that_come_early_wait_for_an_hour(
    container: Container,
    clock: SimulatedClock,
    app: Flask,
    gateway: str,
    minutes: float,
    taken: bool,
) -> None:
    """Before the answer to the call that sent it is recorded; the reaper takes them up. What they
    say is as of when it is recorded."""
    device = webhooks.device(container, gateway)
    given.lead(container)
    for kind in ("read", "delivered", "delivered"):
        said = receipt(gateway, kind, "3EB0A1")
        assert webhooks.post(app, gateway, device, said) == ACCEPTED
    clock.advance(minutes=minutes)
    webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, "3EB0A1")))
    assert then.message(container).delivered_at is None

    when.reaps(container)
    when.reaps(container)

    message = then.message(container)
    expected = (clock(), clock()) if taken else (None, None)
    assert (message.status, message.delivered_at, message.read_at) == ("sent", *expected)
    assert len(then.events(container, "message.read")) == (1 if taken else 0)
    assert then.table(container, "early_receipts") == []
    assert not any(rebuild(container.database).values())


@pytest.mark.parametrize("gateway", WITH_RECEIPTS)
def test_receipts_of_what_is_not_ours_are_forgotten(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """Somebody wrote from the same number by hand, or another program did."""
    device = webhooks.device(container, gateway)
    given.lead(container)
    webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, "3EB0A1")))
    when.reaps(container)  # the campaign is finished
    events = then.events(container)

    for kind in ("delivered", "read"):
        said = receipt(gateway, kind, "3EB0FF")
        assert webhooks.post(app, gateway, device, said) == ACCEPTED
    if gateway in OUR_ID:
        stranger = {OUR_ID[gateway]: str(UUID(int=7))}
        said = receipt(gateway, "read", "3EB0FE", **stranger)
        assert webhooks.post(app, gateway, device, said) == ACCEPTED
    when.reaps(container)
    assert {row.provider_id for row in then.table(container, "early_receipts")} == {
        kept(gateway, "3EB0FF")
    }
    clock.advance(hours=2)
    when.reaps(container)

    assert then.events(container) == events
    assert then.table(container, "early_receipts") == []

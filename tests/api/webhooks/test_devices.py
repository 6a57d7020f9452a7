"""/webhooks: who may speak of whose messages. One server or app often has several numbers."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from projections.container import Container
from projections.records.credentials import put
from runners.gateways.protocol import Accepted, Unknown
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.api.given import SECRET_KEY
from tests.support.api.webhooks import ACCEPTED, WITH_RECEIPTS, kept, receipt

OTHERS = "another-s3cret"
NAMES_OURS = {"cloud": "biz_opaque_callback_data", "wablas": "ref_id"}


def two_numbers(container: Container, gateway: str, other_secret: str) -> tuple[UUID, UUID]:
    """The device that sends to the only lead, and another one."""
    sender = webhooks.device(container, gateway)
    other = webhooks.device(container, gateway, name="Other", secret=other_secret)
    given.lead(container, device_id=sender)
    return sender, other


@pytest.mark.parametrize("gateway", WITH_RECEIPTS)
def test_a_device_does_not_speak_of_anothers_messages(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """Neither by the provider's id nor by ours, nor early."""
    sender, other = two_numbers(container, gateway, OTHERS)
    said = receipt(gateway, "read", "3EB0A1")
    assert webhooks.post(app, gateway, other, said, secret=OTHERS) == ACCEPTED
    (message,) = webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, "3EB0A1")))
    when.reaps(container)  # the campaign is finished
    events = then.events(container)

    assert webhooks.post(app, gateway, other, said, secret=OTHERS) == ACCEPTED
    if gateway in NAMES_OURS:
        ours = receipt(gateway, "read", "3EB0A1", **{NAMES_OURS[gateway]: str(message.message_id)})
        assert webhooks.post(app, gateway, other, ours, secret=OTHERS) == ACCEPTED
    when.reaps(container)

    assert then.events(container) == events
    assert webhooks.post(app, gateway, sender, said) == ACCEPTED
    assert then.message(container).read_at == clock()


@pytest.mark.parametrize("gateway", list(NAMES_OURS))
def test_a_device_does_not_settle_anothers_messages(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    sender, other = two_numbers(container, gateway, OTHERS)
    (message,) = webhooks.hands_over(container, clock, gateway, Unknown("no answer"))
    said = receipt(gateway, "read", "3EB0A1", **{NAMES_OURS[gateway]: str(message.message_id)})

    assert webhooks.post(app, gateway, other, said, secret=OTHERS) == ACCEPTED
    assert then.message(container).status == "unknown"
    assert webhooks.post(app, gateway, sender, said) == ACCEPTED
    assert then.message(container).status == "sent"


@pytest.mark.parametrize("gateway", WITH_RECEIPTS)
@pytest.mark.parametrize("early", [False, True])
def test_numbers_with_one_secret_have_one_address(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str, early: bool
) -> None:
    """The server knows one URL, that of any of its devices; receipts that come early, too."""
    _, other = two_numbers(container, gateway, webhooks.SECRET)
    said = receipt(gateway, "read", "3EB0A1")
    if early:
        assert webhooks.post(app, gateway, other, said) == ACCEPTED
    webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, "3EB0A1")))

    if early:
        when.reaps(container)
    else:
        assert webhooks.post(app, gateway, other, said) == ACCEPTED

    assert then.message(container).read_at == clock()


def test_the_same_secret_behind_another_gateway_is_another_secret(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """Wablas does not speak of what GOWA sent, although it has the same word."""
    gowa = webhooks.device(container, "gowa")
    wablas = webhooks.device(container, "wablas")
    given.lead(container, device_id=gowa)
    (message,) = webhooks.hands_over(container, clock, "gowa", Accepted("3EB0A1"))
    said = receipt("wablas", "read", "3EB0A1", ref_id=str(message.message_id))

    assert webhooks.post(app, "wablas", wablas, said) == ACCEPTED
    assert then.message(container).delivered_at is None


def test_devices_without_a_secret_are_nobodys_relatives(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """That two have none does not make them one server's."""
    sender, other = two_numbers(container, "gowa", "")
    webhooks.hands_over(container, clock, "gowa", Accepted("3EB0A1"))
    with container.database.transaction() as connection:
        put(connection, sender, {"webhook_secret": ""}, SECRET_KEY, container.outreach.clock())
    said = receipt("gowa", "read", "3EB0A1")

    for secret in (None, ""):
        assert webhooks.post(app, "gowa", other, said, secret=secret).status == 401
    assert then.message(container).delivered_at is None


@pytest.mark.parametrize("gateway", WITH_RECEIPTS)
def test_a_retired_device_still_hears_of_its_messages(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """What it sent last is on its way yet."""
    device = webhooks.device(container, gateway)
    given.lead(container)
    webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, "3EB0A1")))
    container.outreach.retire_device(device, actor="api:sales")

    said = receipt(gateway, "delivered", "3EB0A1")
    assert webhooks.post(app, gateway, device, said) == ACCEPTED
    assert then.message(container).delivered_at == clock()


def test_one_devices_unreadable_credentials_are_no_matter_to_others(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """They were kept with an earlier key, for instance."""
    sender, other = two_numbers(container, "gowa", OTHERS)
    webhooks.hands_over(container, clock, "gowa", Accepted("3EB0A1"))
    earlier = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
    with container.database.transaction() as connection:
        put(connection, other, {"webhook_secret": OTHERS}, earlier, container.outreach.clock())
    said = receipt("gowa", "delivered", "3EB0A1")

    assert webhooks.post(app, "gowa", sender, said) == ACCEPTED
    # It cannot be known whether this is right: the provider is to try again.
    assert webhooks.post(app, "gowa", other, said, secret=OTHERS).status == 503

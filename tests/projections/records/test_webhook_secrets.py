"""Which devices have which webhook secret, as the receiver asks."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from projections.container import Container
from projections.records import credentials, webhook_secrets
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.api import webhooks
from tests.support.api.given import SECRET_KEY

OTHERS = "another-s3cret-16"


def has(container: Container, device: UUID, **secrets: str) -> None:
    with container.database.transaction() as connection:
        credentials.put(connection, device, secrets, SECRET_KEY, container.outreach.clock())


def speaks(container: Container, secret: str, **ago: float) -> dict[str, set[UUID]]:
    """Who had that webhook secret so long ago, by gateway."""
    since = container.outreach.clock() - timedelta(**ago)
    secret_id = webhook_secrets.id_of(container.outreach.identity, "webhook_secret", secret)
    with container.database.transaction() as connection:
        found = webhook_secrets.shared(connection, [secret_id], since)
    return {
        gateway: {id_ for each in having for id_ in each.devices}
        for (_, gateway), having in found.items()
    }


def test_devices_of_one_gateway_with_one_secret_are_found(container: Container) -> None:
    first, second = (webhooks.device(container, "gowa", name=name) for name in ("One", "Two"))
    other = webhooks.device(container, "gowa", name="Three", secret=OTHERS)
    wablas = webhooks.device(container, "wablas")

    assert speaks(container, webhooks.SECRET) == {"gowa": {first, second}, "wablas": {wablas}}
    assert speaks(container, OTHERS) == {"gowa": {other}}
    assert speaks(container, "") == {}


def test_the_same_word_as_another_credential_is_another_secret(container: Container) -> None:
    webhooks.device(container, "cloud", secret=OTHERS)
    has(container, given.device(container, "G", gateway="gowa"), password=OTHERS)

    assert speaks(container, OTHERS) == {}


def test_a_replaced_secret_holds_for_what_came_before(
    container: Container, clock: SimulatedClock
) -> None:
    device = webhooks.device(container, "gowa")
    clock.advance(seconds=60)
    has(container, device, webhook_secret=OTHERS)
    clock.advance(seconds=60)

    assert speaks(container, webhooks.SECRET, seconds=61) == {"gowa": {device}}
    assert speaks(container, webhooks.SECRET, seconds=59) == {}
    assert speaks(container, OTHERS) == {"gowa": {device}}


def test_a_secret_that_comes_back_is_the_devices_again(
    container: Container, clock: SimulatedClock
) -> None:
    device = webhooks.device(container, "gowa")
    has(container, device)
    clock.advance(seconds=60)
    assert speaks(container, webhooks.SECRET) == {}

    has(container, device, webhook_secret=webhooks.SECRET)

    assert speaks(container, webhooks.SECRET) == {"gowa": {device}}


def test_a_replaced_secret_is_forgotten_after_thirty_days(
    container: Container, clock: SimulatedClock
) -> None:
    device = webhooks.device(container, "gowa")
    has(container, device)
    for days, left in ((29, 1), (2, 0)):
        clock.advance(days=days)
        has(container, device)
        assert len(then.table(container, "webhook_secrets")) == left


def test_nobody_finds_a_secret_by_trying(container: Container) -> None:
    """The id follows from the identity key, which a copy of the database has only encrypted."""
    webhooks.device(container, "gowa")

    (row,) = then.table(container, "webhook_secrets")

    of_nobody = webhook_secrets.id_of(bytes(32), "webhook_secret", webhooks.SECRET)
    assert row.secret_id != of_nobody
    assert row.secret_id.version == 8

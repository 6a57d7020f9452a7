"""/webhooks: a request costs the same, however many devices have its secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg2.extensions
import pytest
from flask import Flask
from sqlalchemy import event

from projections.container import Container
from projections.records import credentials
from projections.records.credentials import Reader
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.api.given import SECRET_KEY
from tests.support.api.webhooks import ACCEPTED, encoded, receipt, signature

OTHERS = "another-s3cret-16"


class Work:
    """The statements that were sent, and the ciphertexts that were decrypted."""

    def __init__(self) -> None:
        self.statements = 0
        self.decrypted = 0

    def taken(self) -> tuple[int, int]:
        """Both, from the last time on."""
        taken = self.statements, self.decrypted
        self.statements = self.decrypted = 0
        return taken


@pytest.fixture
def work(container: Container, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    done = Work()
    engine = container.database.engine
    read = Reader.read

    class Counting(psycopg2.extensions.cursor):
        def execute(self, *arguments: Any) -> None:
            done.statements += 1
            super().execute(*arguments)

    def counts(connection: Any, *_: Any) -> None:
        connection.cursor_factory = Counting

    def reading(self: Reader, ciphertext: Any) -> dict[str, str]:
        done.decrypted += 1
        return read(self, ciphertext)

    event.listen(engine, "checkout", counts)
    monkeypatch.setattr(container.proofs, "_read", lambda c: reading(container.secrets, c))
    yield done
    event.remove(engine, "checkout", counts)


def asks(app: Flask, device: UUID, said: Any, secret: str = webhooks.SECRET) -> int:
    """The status; nothing is recorded yet."""
    body = encoded(said)
    headers = signature(body, secret)
    path = f"/webhooks/gowa/{device}"
    response = app.test_client().post(
        path, data=body, headers=headers, content_type="application/json"
    )
    return response.status_code


def put(container: Container, device: UUID, **secrets: str) -> None:
    with container.database.transaction() as connection:
        credentials.put(connection, device, secrets, SECRET_KEY, container.outreach.clock())


@pytest.mark.parametrize("others", [0, 40])
def test_a_request_is_one_statement(
    container: Container, app: Flask, work: Work, others: int
) -> None:
    """The first one of a device reads its credentials, and both prepare what they ask; and no list
    of devices is kept."""
    device = webhooks.device(container, "gowa")
    for number in range(others):
        webhooks.device(container, "gowa", name=f"{number}")
    said = receipt("gowa", "read", "3EB0A1")
    work.taken()

    assert [asks(app, device, said), work.taken()] == [200, (4, 1)]
    for _ in range(3):
        assert [asks(app, device, said), work.taken()] == [200, (1, 0)]
    waiting = then.table(container, "inbound")
    assert [row.devices for row in waiting] == [[]] * 4
    assert len({row.secret_id for row in waiting} - {None}) == 1


def test_the_receiver_asks_as_often_for_many_devices(
    container: Container, app: Flask, work: Work
) -> None:
    asked = []
    for number in range(3):  # the first prepares what it asks
        device = webhooks.device(container, "gowa", name=f"{number}")
        for _ in range(3):
            asks(app, device, receipt("gowa", "read", "3EB0A1"))
        for more in range(40):
            webhooks.device(container, "gowa", name=f"{number} {more}")
        work.taken()
        when.receives(container)
        asked.append(work.taken())

    assert asked[1] == asked[2]


def test_new_credentials_hold_at_once(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """Also for a process that knows the ones of before, and those that only other processes put."""
    device = webhooks.device(container, "gowa")
    said = receipt("gowa", "read", "3EB0A1")
    assert asks(app, device, said) == 200

    put(container, device, webhook_secret=OTHERS)
    assert [asks(app, device, said), asks(app, device, said, OTHERS)] == [401, 200]
    put(container, device, webhook_secret=OTHERS, password="new")
    assert asks(app, device, said, OTHERS) == 200
    put(container, device)
    assert asks(app, device, said, OTHERS) == 401
    put(container, device, webhook_secret=webhooks.SECRET)
    assert asks(app, device, said) == 200
    assert len(then.table(container, "inbound")) == 4


@pytest.mark.parametrize("when_changed", ["before", "after"])
def test_a_webhook_speaks_for_who_had_its_secret_when_it_came(
    container: Container, clock: SimulatedClock, app: Flask, when_changed: str
) -> None:
    sender, other = (webhooks.device(container, "gowa", name=name) for name in ("One", "Two"))
    given.lead(container, device_id=sender)
    webhooks.hands_over(container, clock, "gowa", Accepted("3EB0A1"))
    clock.advance(seconds=1)

    if when_changed == "before":
        put(container, sender, webhook_secret=OTHERS)
    clock.advance(seconds=1)
    assert asks(app, other, receipt("gowa", "read", "3EB0A1")) == 200
    clock.advance(seconds=1)
    if when_changed == "after":
        put(container, sender, webhook_secret=OTHERS)
    when.receives(container)

    assert (then.message(container).read_at is not None) is (when_changed == "after")


def test_an_early_receipt_waits_without_a_list_of_devices(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """And is of whoever has the secret, behind that gateway."""
    sender, other = (webhooks.device(container, "gowa", name=name) for name in ("One", "Two"))
    wablas = webhooks.device(container, "wablas")
    given.lead(container, device_id=sender)
    given.lead(container, 2, device_id=wablas)
    assert webhooks.post(app, "gowa", other, receipt("gowa", "read", "3EB0A1")) == ACCEPTED
    assert webhooks.post(app, "gowa", other, receipt("gowa", "read", "3EB0A2")) == ACCEPTED
    assert [row.devices for row in then.table(container, "early_receipts")] == [[], []]

    webhooks.hands_over(container, clock, "gowa", Accepted("3EB0A1"))
    webhooks.sends(container, clock, "wablas", Accepted("3EB0A2"))
    when.reaps(container)

    read = {m.device_id for m in then.messages(container) if m.read_at is not None}
    assert read == {sender}

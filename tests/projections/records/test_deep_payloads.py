"""What waits in the inbox and is nested without end: an earlier version let it in."""

from __future__ import annotations

from uuid import uuid4

import pytest

from projections.container import Container
from tests.support import given, heard, poison, then, when


def waits(container: Container, depth: int) -> None:
    """Two webhooks that name the lead with phone 1, one nested so deep."""
    device = given.device(container, gateway="gowa")
    phone = given.phone(1).removeprefix("+").encode()
    whole = b'{"event": "message", "payload": {"from": "' + phone + b'@s.whatsapp.net"}}'
    deep = b'{"a":' * depth + b'"' + phone + b'"' + b"}" * depth
    with container.database.transaction() as connection:
        for payload in (deep, whole):
            now = container.outreach.clock()
            heard.keeps(connection, uuid4(), "gowa", device, payload, now)


@pytest.mark.parametrize("depth", [65, 400, 700, 900, 50_000])
def test_it_stops_no_erasure(container: Container, depth: int) -> None:
    """Nobody can say which part of it is whose, so all of it goes."""
    lead = given.lead(container)
    waits(container, depth)

    container.outreach.erase_lead(lead, actor="api:sales")

    assert then.table(container, "inbound") == []
    assert container.outreach.get_lead(lead).erased_at is not None


def test_it_is_put_aside_by_the_receiver_and_can_be_forgotten_there(container: Container) -> None:
    lead = given.lead(container)
    waits(container, 700)

    when.receives(container)

    (row,) = then.table(container, "inbound")
    assert poison.quarantined(container, "inbound") == {row.item_id}
    container.outreach.erase_lead(lead, actor="api:sales")
    assert then.table(container, "inbound") == then.table(container, "quarantine") == []

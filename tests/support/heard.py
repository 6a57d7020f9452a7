"""When people say something, and then: whether it was heard."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection

from domain.addresses import Address
from domain.inbound import Inbound, Reply
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from projections.records import inbox
from tests.support import given, then

USER, LID = Address("user_id", "MY.1349120865530200006"), Address("lid", "251556360000035@lid")


class Killed(BaseException):
    """Nothing in the code may catch it, as nothing can catch a kill."""


def digits(number: int) -> Address:
    return Address("wa_id", given.phone(number).removeprefix("+"))


def says(number: int, text: str, id_: str = "", *more: Address, **fields: Any) -> Reply:
    return Reply((digits(number), *more), text, id_ or f"in.{uuid4()}", **fields)


def puts(container: Container, *items: Inbound, gateway: str = "gowa", device: Any = None) -> None:
    """They come together; nobody has looked at them yet."""
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        inbox.put_items(connection, uuid4(), gateway, items, now)
        if device is not None:
            connection.exec_driver_sql(
                "UPDATE inbound SET device_id = %(d)s, devices = ARRAY[%(d)s]::uuid[]"
                " WHERE inbound_id = (SELECT max(inbound_id) FROM inbound)",
                {"d": str(device)},
            )


def keeps(
    connection: Connection, item: UUID, gateway: str, device: UUID, body: bytes, now: datetime
) -> None:
    """A webhook waits as a version kept it that listed the devices which it speaks for."""
    connection.exec_driver_sql(
        "INSERT INTO inbound (item_id, gateway, device_id, devices, received_at, due_at, parsed,"
        " payload) VALUES (%(item)s, %(gateway)s, %(device)s, ARRAY[%(device)s]::uuid[], %(now)s,"
        " %(now)s, false, %(body)s)",
        {
            "item": str(item),
            "gateway": gateway,
            "device": str(device),
            "body": body,
            "now": now,
        },
    )


def outcomes(container: Container) -> dict[str, int]:
    return {row.outcome: row.count for row in then.table(container, "inbound_counts")}


def is_out(container: Container, lead: UUID) -> bool:
    return container.outreach.get_lead(lead).opted_out_at is not None


def proves_itself(container: Container) -> None:
    """No stream has a gap, nothing waits, and a rebuild makes the same of the events."""
    assert then.gaps(container) == []
    assert then.table(container, "inbound") == []
    assert {table: why for table, why in rebuild(container.database).items() if why} == {}

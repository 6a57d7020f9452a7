"""When people say something, and then: whether it was heard."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

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


def outcomes(container: Container) -> dict[str, int]:
    return {row.outcome: row.count for row in then.table(container, "inbound_counts")}


def is_out(container: Container, lead: UUID) -> bool:
    return container.outreach.get_lead(lead).opted_out_at is not None


def proves_itself(container: Container) -> None:
    """No stream has a gap, nothing waits, and a rebuild makes the same of the events."""
    assert then.gaps(container) == []
    assert then.table(container, "inbound") == []
    assert {table: why for table, why in rebuild(container.database).items() if why} == {}

"""The hash chain as its tests extend, read and tamper with it."""

from __future__ import annotations

from uuid import UUID

from projections.audit import hash_chain
from projections.audit.hash_chain import Verification
from projections.container import Container
from tests.support import given, then


def given_events(container: Container, count: int = 9, first: int = 1) -> list[UUID]:
    """So many leads, an event each, with the ids 1, 2, 3 and so on."""
    return given.many_leads(container, count, first=first)


def extend(container: Container) -> int:
    """How many events are chained now that were not."""
    return hash_chain.extend(container.database, container.outreach.clock)


def verdict(container: Container) -> Verification:
    return hash_chain.verify(container.database)


def somebody_does(container: Container, *statements: str) -> None:
    """Somebody with all rights, past the guard of the log."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("ALTER TABLE stored_events ENABLE TRIGGER ALL")


def chained_ids(container: Container) -> list[int]:
    """The ids in all links, in the order of the links."""
    return [number for link in then.table(container, "hash_chain_links") for number in link.ids]

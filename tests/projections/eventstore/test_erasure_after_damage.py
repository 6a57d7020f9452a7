"""An erasure needs none of the person's events to be readable."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.addresses import Address
from domain.errors import StorageError
from domain.inbound import Renamed, Reply
from projections.container import Container
from tests.projections.eventstore.test_erasure import AISYAH, BUDI, NAME, erase, found
from tests.support import given, then, when
from tests.support.api import then as everywhere
from tests.support.api.client import Client


def test_an_event_that_cannot_be_read_keeps_nobody_from_being_forgotten(
    container: Container, administrator: Client
) -> None:
    """The answer and the receipt say which it is."""
    lead = given.person(container, AISYAH, name=NAME)
    container.outreach.change_phone(lead, BUDI, "a letter", actor="api:boss")
    _damage(container, lead, 2)
    with pytest.raises(StorageError):
        container.outreach.get_lead(lead)

    status, answer = administrator.json("DELETE", f"/leads/{lead}")

    assert (status, answer["phone"], answer["unreadable_events"]) == (200, None, [2])
    assert then.table(container, "lead_keys") == []
    assert found(container) == []
    (receipt,) = [e for e in everywhere.log(container) if e.topic == "lead.erased"]
    assert receipt.data["unreadable"] == [2]
    # The former number is in an event that can be read, and the present one in a table.
    for phone in (AISYAH, BUDI):
        assert administrator.post("/leads", {"phone": phone}).json["errors"] == {"state": "erased"}
    assert administrator.json("DELETE", f"/leads/{lead}").json == answer


def test_a_damaged_key_keeps_nobody_from_being_forgotten(
    container: Container, administrator: Client
) -> None:
    lead = given.person(container, AISYAH, name=NAME)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE lead_keys SET key = sha256(key) || key")

    status, answer = administrator.json("DELETE", f"/leads/{lead}")

    assert (status, answer["unreadable_events"]) == (200, [1])
    assert found(container) == []
    assert administrator.post("/leads", {"phone": AISYAH}).json["errors"] == {"state": "erased"}


def test_one_of_two_who_share_an_address_leaves_the_other_as_she_is(
    container: Container, administrator: Client
) -> None:
    """What the one was called too is the other's own number, and nobody's who is erased."""
    one, other = given.person(container, AISYAH), given.person(container, BUDI)
    hers, his = Address("wa_id", AISYAH[1:]), Address("wa_id", BUDI[1:])
    when.told(container, Renamed((hers,), (his,)), Reply((his,), "it is me", "in.1"))
    assert [row.key for row in then.table(container, "lead_addresses")].count(BUDI) == 2

    erase(container, one)

    assert found(container) == []
    assert administrator.post("/leads", {"phone": BUDI}).json["errors"] == {"id": str(other)}
    assert administrator.get("/replies", lead_id=str(other)).json["items"][0]["text"] == "it is me"
    assert then.table(container, "erased_ids") == []


def _damage(container: Container, lead: UUID, version: int) -> None:
    """Somebody with all rights on the database wrote into an event."""
    with container.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE stored_events DISABLE TRIGGER USER")
        connection.exec_driver_sql(
            "UPDATE stored_events SET state = replace(convert_from(state, 'UTF8'), '\"sealed\":\"',"
            ' \'"sealed":"AAAA\')::bytea WHERE originator_id = %(id)s'
            " AND originator_version = %(version)s",
            {"id": str(lead), "version": version},
        )
        connection.exec_driver_sql("ALTER TABLE stored_events ENABLE TRIGGER USER")

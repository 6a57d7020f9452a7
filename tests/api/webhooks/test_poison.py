"""A webhook that cannot be read or decided is put aside, and stops nobody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from projections.container import Container
from tests.support import given, poison, then, when
from tests.support.api import webhooks
from tests.support.api.client import Client
from tests.support.api.webhooks import reply
from tests.support.operations import quarantined
from tests.support.processes import sendtrail


def comes(container: Container, device: UUID, number: int, text: str = "Hi") -> UUID:
    """That lead's webhook has come; gives what it is called."""
    known = {row.item_id for row in then.table(container, "inbound")}
    said = reply("gowa", given.phone(number), text, f"3EB0R{number}")
    when.tells(container, "gowa", device, said)
    (item_id,) = {row.item_id for row in then.table(container, "inbound")} - known
    assert isinstance(item_id, UUID)
    return item_id


def becomes(container: Container, item_id: UUID, payload: bytes) -> None:
    """Somebody with all rights wrote that in its place."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE inbound SET payload = %(payload)s WHERE item_id = %(id)s",
            {"payload": payload, "id": str(item_id)},
        )


def heard(container: Container) -> list[UUID]:
    return [event.originator_id for event in then.events(container, "lead.replied")]


@pytest.mark.parametrize("payload", [b"{", b"\xff\xfe", b"[]", b"null", b"\x00" * 10])
def test_others_are_recorded_around_what_cannot_be_read(
    container: Container, operator: Client, payload: bytes
) -> None:
    """It is listed with its reason, without what it says; released, it is tried again, and when it
    can be read it is recorded."""
    device = webhooks.device(container, "gowa")
    leads = given.many_leads(container, 3)
    good = reply("gowa", given.phone(2), "STOP", "3EB0R2")
    items = [comes(container, device, number) for number in (1, 2, 3)]
    becomes(container, items[1], payload)

    when.receives(container)

    assert heard(container) == [leads[0], leads[2]]
    (listed,) = operator.items("/quarantine", kind="inbound")
    assert (listed["id"], listed["runner"]) == (str(items[1]), "receiver")
    assert given.phone(2)[1:] not in listed["reason"]
    assert [row.item_id for row in then.table(container, "inbound")] == [items[1]]

    release = f"/quarantine/{items[1]}/release"
    assert operator.post(release).json == {"released": 1}
    when.receives(container)
    assert [each["id"] for each in operator.items("/quarantine")] == [str(items[1])]

    becomes(container, items[1], webhooks.encoded(good))
    when.receives(container)
    assert heard(container) == [leads[0], leads[2]]
    assert operator.post(release).json == {"released": 1}
    when.receives(container)

    assert heard(container) == [leads[0], leads[2], leads[1]]
    assert container.outreach.get_lead(leads[1]).opted_out_at is not None
    assert (operator.items("/quarantine"), then.table(container, "inbound")) == ([], [])


def test_what_is_said_to_a_lead_that_is_put_aside_waits_for_it(
    container: Container, database_url: str
) -> None:
    """Until the lead is released, and then what the lead said."""
    device = webhooks.device(container, "gowa")
    leads = given.many_leads(container, 3)
    quarantined(container, "lead", leads[1])
    items = [comes(container, device, number, "STOP") for number in (1, 2, 3)]

    when.receives(container)

    def quarantine(*arguments: Any) -> list[str]:
        result = sendtrail("audit", "quarantine", *arguments, database_url=database_url)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout.splitlines()

    assert heard(container) == [leads[0], leads[2]]
    (line,) = quarantine("list", "--kind", "inbound")
    assert line.startswith(f"inbound {items[1]}, since 2026-03-02 08:00:00 UTC, by receiver: ")
    assert quarantine("release", leads[1]) == ["released 1"]
    assert quarantine("release", items[1]) == ["released 1"]
    when.receives(container)
    assert heard(container) == [leads[0], leads[2], leads[1]]
    assert {row.opted_out_at is not None for row in then.table(container, "leads")} == {True}


def test_a_lead_whose_stream_is_broken_stops_nobody(container: Container, app: Flask) -> None:
    """Somebody wrote into the log: the lead is put aside, and what it said."""
    device = webhooks.device(container, "gowa")
    leads = given.many_leads(container, 3)
    poison.next_event(container, "leads", [leads[1]], "lead.replied")
    items = [comes(container, device, number) for number in (1, 2, 3)]

    when.receives(container)

    counted = then.table(container, "inbound_counts")
    assert [(row.outcome, row.count) for row in counted] == [("attributed", 2)]
    assert poison.quarantined(container, "lead") == {leads[1]}
    assert poison.quarantined(container, "inbound") == {items[1]}
    replied = [row.lead_id for row in then.table(container, "replies", "received_at, lead_id")]
    assert sorted(replied) == sorted([leads[0], leads[2]])

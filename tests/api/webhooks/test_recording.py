"""/webhooks: what is recorded once is recorded once, can be rebuilt, and can be forgotten."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from api.http.context import EXTENSION
from projections.container import Container
from projections.database.engine import rows
from projections.rebuild.rebuild import rebuild
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import then as everything
from tests.support.api import webhooks
from tests.support.api.webhooks import GATEWAYS, WITH_RECEIPTS, kept, receipt, reply
from tests.support.gateways.fake_cloud import wamid

PHONE = given.phone(1)
DIGITS = PHONE.removeprefix("+")
TEXT = "Please call my sister"


def same_at_once(app: Flask, gateway: str, device: UUID, said: Any) -> None:
    """The same request eight times at the same moment; each is answered alike."""
    answers = when.at_once(*[lambda: webhooks.post(app, gateway, device, said)] * 8)
    assert {answer.status for answer in answers} == {200}, answers
    assert len({str(answer.json) for answer in answers}) == 1
    when.receives(app.extensions[EXTENSION])


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_same_request_eight_times_at_once_is_recorded_once(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """A STOP with all that follows from it, and a receipt."""
    device = webhooks.device(container, gateway)
    lead = given.lead(container, 1, ["COLD"])
    given.sequence(container)
    when.enrolls(container)
    webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, "3EB0A1")))

    same_at_once(app, gateway, device, reply(gateway, PHONE, "STOP", "3EB0R1"))
    if gateway in WITH_RECEIPTS:
        same_at_once(app, gateway, device, receipt(gateway, "read", "3EB0A1"))

    assert then.topics(container, lead)[-2:] == ["lead.replied", "lead.opted_out"]
    assert len(then.events(container, "enrollment.stopped")) == 1
    assert len(then.events(container, "message.cancelled")) == 3
    expected = 1 if gateway in WITH_RECEIPTS else 0
    assert len(then.events(container, "message.delivered")) == expected
    assert len(then.events(container, "message.read")) == expected
    assert then.gaps(container) == []
    assert not any(rebuild(container.database).values())


@pytest.mark.parametrize("gateway", WITH_RECEIPTS)
def test_receipts_of_many_messages_in_opposite_orders_do_not_stand_in_each_others_way(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """Eight requests at once, half of them backwards, for messages that are known and for some
    that are not yet."""
    device = webhooks.device(container, gateway)
    given.many_leads(container, 6)
    ids = [f"3EB0A{number}" for number in range(12)]
    webhooks.hands_over(container, clock, gateway, *(Accepted(kept(gateway, i)) for i in ids[:6]))

    def tell(order: list[str]) -> list[int]:
        if gateway == "wablas":  # one at a time
            bodies = [receipt(gateway, "read", id_) for id_ in order]
        elif gateway == "gowa":
            whole = receipt(gateway, "read", "")
            whole["payload"]["ids"] = order
            bodies = [whole]
        else:
            bodies = [webhooks.change(statuses=[{"id": i, "status": "read"} for i in order])]
        return [webhooks.post(app, gateway, device, body).status for body in bodies]

    works = [lambda: tell(ids), lambda: tell(ids[::-1])] * 4
    answers = when.at_once(*works)
    when.receives(container)

    assert {status for statuses in answers for status in statuses} == {200}
    assert len(then.events(container, "message.read")) == 6
    assert len(then.table(container, "early_receipts")) == 6
    assert not any(rebuild(container.database).values())


def _forms(secret: str) -> list[str]:
    """A text as it is, in hex, and in base64 wherever it begins within three bytes."""
    plain = secret.encode()
    shifted = [b64encode(b"x" * n + plain).decode()[4 * (n > 0) : -4] for n in range(3)]
    return [secret, plain.hex(), *shifted]


def _places(container: Container, secret: str) -> set[str]:
    """The tables in which a text is found in any of its forms, bytes decoded where they are text;
    events as they are stored."""
    with container.database.transaction() as connection:
        tables = rows(
            connection,
            "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
        )
        whole = {
            table.name: "\n".join(
                str(row[0]) for row in rows(connection, f"SELECT t::text FROM {table.name} t")
            )
            for table in tables
        }
        log = rows(connection, "SELECT e::text FROM event_log e")
    whole["event_log"] = "\n".join(str(row[0]) for row in log)
    return {name for name, text in whole.items() if any(f in text for f in _forms(secret))}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_nobodys_phone_is_stored_but_with_the_lead(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """Meta's ids have it inside, in base64. Receipts came early, on time and late, replies came,
    and one of a stranger; then the lead is erased, and there is nothing at all."""
    device = webhooks.device(container, gateway)
    lead = given.lead(container)
    ids = [wamid(DIGITS, n) for n in range(4)] if gateway == "cloud" else ["A", "B", "C", "D"]
    assert gateway != "cloud" or any(form in ids[0] for form in _forms(DIGITS))
    if gateway in WITH_RECEIPTS:
        webhooks.post(app, gateway, device, receipt(gateway, "sent", ids[0]))
        webhooks.post(app, gateway, device, receipt(gateway, "delivered", ids[0]))
        webhooks.post(app, gateway, device, receipt(gateway, "read", ids[1]))
    webhooks.hands_over(container, clock, gateway, Accepted(kept(gateway, ids[0])))
    if gateway in WITH_RECEIPTS:
        webhooks.post(app, gateway, device, receipt(gateway, "read", ids[0]))
    for phone, text, id_ in (
        (PHONE, TEXT, ids[2]),
        (PHONE, TEXT, ids[2]),
        (given.phone(9), "Who is this?", ids[3]),
        (PHONE, "STOP", ids[3]),
    ):
        webhooks.post(app, gateway, device, reply(gateway, phone, text, id_))

    # The words are read from a table now, which is emptied with the lead.
    places = {"leads", "lead_addresses", "lead_search", "replies"}
    assert _places(container, DIGITS) == places
    assert _places(container, TEXT) == {"replies"}
    assert [event.text for event in then.events(container, "lead.replied", lead)] == [TEXT, "STOP"]
    when.reaps(container)
    assert _places(container, DIGITS) == places

    container.outreach.erase_lead(lead, actor="api:sales")
    when.reaps(container)
    webhooks.post(app, gateway, device, reply(gateway, PHONE, TEXT, "E"))

    assert _places(container, DIGITS) == _places(container, TEXT) == set()
    assert [event.text for event in then.events(container, "lead.replied", lead)] == ["", ""]
    assert [event.evidence for event in then.events(container, "lead.opted_out", lead)] == [""]
    assert DIGITS not in everything.everything(container)
    assert then.table(container, "replies") == []
    assert not any(rebuild(container.database).values())

"""/suppressions: addresses that said no, before anybody knows whose they are."""

from __future__ import annotations

import pytest

from domain.addresses import Address
from domain.inbound import Reply
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from tests.support import when as runners
from tests.support.api import given
from tests.support.api.client import Client

PHONE = "+60120000001"
USER = Address("user_id", "MY.1349120865530200006")


def test_a_no_is_remembered_shown_and_taken_back(
    administrator: Client, operator: Client, viewer: Client
) -> None:
    """Whoever is registered with the number starts opted out, with the evidence."""
    made = operator.create(
        "/suppressions", {"value": "+60 12-000 0001", "evidence": "rang us in May"}
    )
    assert (made["kind"], made["value"], made["evidence"]) == ("phone", PHONE, "rang us in May")
    # The same again is the same.
    assert operator.create("/suppressions", {"value": PHONE, "evidence": "again"}) == made

    assert operator.items("/suppressions") == [made]
    (masked,) = viewer.items("/suppressions")
    assert masked == {**made, "value": "*********001"}

    lead = operator.create("/leads", {"phone": PHONE})
    assert lead["opt_out"]["evidence"] == "rang us in May"
    assert lead["opt_out"]["via"] == "suppression"

    assert operator.json("DELETE", f"/suppressions/{made['id']}").status == 403
    released = administrator.open("DELETE", f"/suppressions/{made['id']}")
    assert released.status_code == 204
    assert operator.items("/suppressions") == []
    assert operator.get(f"/leads/{lead['id']}").json["opted_out"] is True


def test_a_lead_that_has_the_address_is_out_at_once_and_an_opt_in_releases_it(
    container: Container, operator: Client
) -> None:
    lead = given.lead(operator)
    sender = (Address("wa_id", PHONE[1:]), USER)
    runners.told(container, Reply(sender, "Hi", "in.1"))

    for kind, value in (("user_id", USER.value), ("wa_id", PHONE[1:])):
        operator.create("/suppressions", {"kind": kind, "value": value})
    assert operator.get(f"/leads/{lead}").json["opted_out"] is True
    assert len(operator.items("/suppressions")) == 2

    operator.post(f"/leads/{lead}/opt-in", {"evidence": "signed a form"})

    assert operator.items("/suppressions") == []
    assert not any(rebuild(container.database).values())


@pytest.mark.parametrize(
    ("kind", "value"),
    [("phone", "+6012"), ("phone", "me"), ("wa_id", "x"), ("lid", PHONE), ("user_id", "a b")],
)
def test_what_is_no_address_is_refused(operator: Client, kind: str, value: str) -> None:
    status, error = operator.post("/suppressions", {"kind": kind, "value": value})
    assert status == 422
    assert "value" in str(error)
    assert operator.items("/suppressions") == []

"""/leads: one person is one lead, however the number is spelt and whoever has it since."""

from __future__ import annotations

import pytest

from domain.addresses import Address
from domain.inbound import Reply
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from tests.support import when as runners
from tests.support.api import given, then
from tests.support.api.client import Client

# How people write a number, and how WhatsApp does: with and without nine, 1 and 9.
SPELLINGS = [
    ("+5582999440002", "+558299440002"),
    ("+525512345678", "+5215512345678"),
    ("+541123456789", "+5491123456789"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_spellings_of_one_number_are_one_lead(
    container: Container, operator: Client, one: str, other: str
) -> None:
    """Registered, moved to, imported, looked for, and heard."""
    lead = operator.create("/leads", {"phone": one})

    known = operator.post("/leads", {"phone": other})
    someone = given.lead(operator, 7)
    moved = operator.patch(f"/leads/{someone}", {"phone": other})
    imported = operator.csv(f"phone\n{other}\n")

    assert (known.status, known.json["errors"]["id"]) == (409, lead["id"])
    assert (moved.status, moved.json["errors"]["id"]) == (409, lead["id"])
    assert (imported.json["registered"], imported.json["known"]) == (0, 1)
    assert [found["id"] for found in operator.items("/leads", phone=other)] == [lead["id"]]
    for number, spelt in enumerate((one, other)):
        runners.told(container, Reply((Address("wa_id", spelt[1:]),), "Hi", f"in.{number}"))
    runners.told(container, Reply((Address("wa_id", other[1:]),), "STOP", "in.9"))
    state = operator.get(f"/leads/{lead['id']}").json
    assert (state["opted_out"], state["phone"], state["same_person_as"]) == (True, one, [])
    assert not any(rebuild(container.database).values())


def test_a_number_that_was_left_is_the_next_ones(container: Container, operator: Client) -> None:
    first = given.lead(operator, 1)
    assert operator.patch(f"/leads/{first}", {"phone": "+60120000002"}).status == 200

    second = operator.create("/leads", {"phone": "+60120000001"})

    assert second["id"] != first
    assert [x["id"] for x in operator.items("/leads", phone="+60120000001")] == [second["id"]]
    assert [x["id"] for x in operator.items("/leads", phone="+60120000002")] == [first]
    assert operator.post("/leads", {"phone": "+60120000001"}).status == 409
    assert operator.patch(f"/leads/{first}", {"phone": "+60120000001"}).status == 409
    # And the one after the next.
    operator.patch(f"/leads/{second['id']}", {"phone": "+60120000003"})
    third = operator.create("/leads", {"phone": "+60120000001"})
    assert len({first, second["id"], third["id"]}) == 3
    assert not any(rebuild(container.database).values())


def test_a_number_nobody_has_any_more_finds_nobody(operator: Client) -> None:
    first = given.lead(operator, 1)
    operator.patch(f"/leads/{first}", {"phone": "+60120000002"})
    assert operator.items("/leads", phone="+60120000001") == []


def test_an_operator_says_that_two_are_one(
    container: Container, administrator: Client, operator: Client
) -> None:
    """Shown before, merged by a person, and the other one refuses what is not its own."""
    one, other = given.lead(operator, 1), given.lead(operator, 2)
    user = Address("user_id", "MY.1349120865530200006")
    runners.told(container, Reply((Address("wa_id", "60120000001"), user), "Hi", "in.1"))
    runners.told(container, Reply((Address("wa_id", "60120000002"), user), "Hi", "in.2"))
    assert operator.get(f"/leads/{one}").json["same_person_as"] == [other]
    operator.post(f"/leads/{other}/opt-out", {"evidence": "by letter"})

    merged = operator.post(f"/leads/{one}/merge", {"with": other})

    assert merged.status == 200, merged
    assert merged.json["opted_out"] is True
    assert merged.json["opt_out"] | {"at": None} == {
        "evidence": "by letter",
        "via": "merge",
        "at": None,
    }
    assert merged.json["same_person_as"] == []
    assert operator.get(f"/leads/{other}").json["merged_into"] == one
    refused = [
        operator.post(f"/leads/{other}/opt-in"),
        operator.post(f"/leads/{other}/triggers", {"trigger": "VIP"}),
        operator.patch(f"/leads/{other}", {"name": "Siti"}),
        operator.post(f"/leads/{other}/merge", {"with": one}),
        operator.post(f"/leads/{one}/merge", {"with": other}),
    ]
    assert [answer.status for answer in refused] == [409] * 5
    known = operator.post("/leads", {"phone": "+60120000002"})
    assert (known.status, known.json["errors"]["id"]) == (409, one)

    administrator.json("DELETE", f"/leads/{one}")
    everything = then.everything(container)
    assert [s for s in ("60120000001", "60120000002", user.value) if s in everything] == []
    assert not any(rebuild(container.database).values())

"""Who was erased does not come back, neither by another number nor by another lead of hers."""

from __future__ import annotations

from projections.container import Container
from projections.rebuild.rebuild import rebuild
from tests.support.api import then as house
from tests.support.api.client import Client

FIRST, NOW, BRAZIL, SPELT = "+60126661111", "+60126662222", "+5582999440002", "+558299440002"


def test_neither_number_is_registered_again(container: Container, administrator: Client) -> None:
    """She moved, and then asked to be forgotten; her numbers are nowhere in the tables."""
    lead = administrator.create("/leads", {"phone": FIRST})["id"]
    assert administrator.patch(f"/leads/{lead}", {"phone": NOW}).status == 200

    assert administrator.json("DELETE", f"/leads/{lead}").status == 200

    answers = [administrator.post("/leads", {"phone": phone}).status for phone in (FIRST, NOW)]
    assert answers == [409, 409]
    status, imported = administrator.csv(f"phone\n{FIRST}\n{NOW}\n")
    assert (status, imported["registered"], imported["known"]) == (200, 0, 0)
    assert [row["line"] for row in imported["rejected"]] == [2, 3]
    everything = house.everything(container)
    assert [phone for phone in (FIRST, NOW) if phone.removeprefix("+") in everything] == []
    assert {table: why for table, why in rebuild(container.database).items() if why} == {}


def test_a_lead_that_is_anothers_past_is_erased_with_that_one(administrator: Client) -> None:
    """Erasing the past alone would leave the person; the answer says whom to erase."""
    one = administrator.create("/leads", {"phone": FIRST})["id"]
    past = administrator.create("/leads", {"phone": BRAZIL})["id"]
    assert administrator.post(f"/leads/{one}/merge", {"with": past}).status == 200

    refused = administrator.json("DELETE", f"/leads/{past}")
    assert (refused.status, refused.json["errors"]) == (409, {"state": f"merged into {one}"})

    assert administrator.json("DELETE", f"/leads/{one}").status == 200
    leads = administrator.items("/leads")
    assert {(lead["id"], lead["phone"]) for lead in leads} == {(one, None), (past, None)}
    assert administrator.post("/leads", {"phone": SPELT}).status == 409

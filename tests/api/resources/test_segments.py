"""/segments: saved questions about leads."""

from __future__ import annotations

import pytest

from projections.container import Container
from projections.queries import segments as queries
from projections.rebuild.rebuild import rebuild
from tests.support.api import given
from tests.support.api.client import Client

IPOH = {"field": "attribute.city", "op": "eq", "value": "Ipoh"}
B1 = {"field": "niche", "op": "in", "value": ["B1", "B2"]}
OUT = {"field": "opted_out", "op": "eq", "value": True}


def test_a_segment_is_saved_counted_changed_and_deleted(
    administrator: Client, operator: Client, viewer: Client, container: Container
) -> None:
    """What it says now is who is in it now; the tables made anew from the events are the same."""
    inside = given.lead(operator, 1, niche=["b1"], attributes={"city": "ipoh"})
    outside = given.lead(operator, 2, niche=["B12"], attributes={"city": "Ipoh"})
    gone = given.lead(operator, 3, niche=["B1"], attributes={"city": "Ipoh"})
    assert operator.post(f"/leads/{gone}/opt-out").status == 200
    question = {"all": [B1, IPOH], "none": [OUT]}

    foreseen = viewer.post("/segments/preview", question).json
    assert foreseen["count"] == 1
    assert [lead["id"] for lead in foreseen["leads"]] == [inside]

    made = operator.create("/segments", {"name": "Ipoh", **question})
    assert made == {
        "id": made["id"],
        "name": "Ipoh",
        "all": [B1, IPOH],
        "any": [],
        "none": [OUT],
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    assert viewer.items("/segments") == [made]
    path = f"/segments/{made['id']}"
    assert [lead["id"] for lead in viewer.items(f"{path}/leads")] == [inside]

    changed = operator.patch(path, {"all": [IPOH], "none": []}).json
    assert (changed["name"], changed["all"], changed["none"]) == ("Ipoh", [IPOH], [])
    assert viewer.json("GET", path).json == changed
    first = viewer.json("GET", f"{path}/leads?limit=2").json
    rest = viewer.items(f"{path}/leads", cursor=first["next_cursor"])
    found = [lead["id"] for lead in (*first["items"], *rest)]
    assert found == sorted([inside, outside, gone])
    assert set(rebuild(container.database).values()) == {None}

    assert administrator.open("DELETE", path).status_code == 204
    assert viewer.json("GET", path).status == 404
    assert viewer.items("/segments") == []
    assert set(rebuild(container.database).values()) == {None}


def test_a_preview_counts_all_and_shows_the_first(operator: Client, viewer: Client) -> None:
    """More than are shown; in the order of their ids."""
    ids = sorted(given.lead(operator, number, niche=["B1"]) for number in range(1, 13))

    found = viewer.post("/segments/preview", {"any": [B1, OUT]}).json

    assert found["count"] == 12
    assert [lead["id"] for lead in found["leads"]] == ids[:10]


@pytest.mark.parametrize("near", [1, 4, 100])
def test_pages_hold_everybody_once(
    operator: Client, viewer: Client, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    """Whether those of a page are close to each other in the table, or far."""
    monkeypatch.setattr(queries, "NEAR", near)
    ids = [given.lead(operator, n, niche=["B1"] if n % 3 else ["B12"]) for n in range(1, 13)]
    inside = sorted(lead for n, lead in enumerate(ids, start=1) if n % 3)
    path = f"/segments/{operator.create('/segments', {'name': 'B1', 'all': [B1]})['id']}/leads"

    found: list[str] = []
    page = viewer.get(path, limit=3).json
    found += [lead["id"] for lead in page["items"]]
    while page["next_cursor"]:
        page = viewer.get(path, limit=3, cursor=page["next_cursor"]).json
        found += [lead["id"] for lead in page["items"]]

    assert found == inside


def test_leads_are_listed_and_changed_by_their_segment(operator: Client) -> None:
    """Beside other filters."""
    ipoh = given.lead(operator, 1, name="Aisyah", niche=["B1"], attributes={"city": "Ipoh"})
    other = given.lead(operator, 2, name="Mei", niche=["B2"], attributes={"city": "Ipoh"})
    given.lead(operator, 3, niche=["B1"])
    segment = operator.create("/segments", {"name": "Ipoh", "all": [IPOH]})["id"]

    found = operator.items("/leads", segment_id=segment)
    assert [lead["id"] for lead in found] == sorted([ipoh, other])
    (found,) = operator.items("/leads", segment_id=segment, niche="B1", q="Aisyah")
    assert found["id"] == ipoh
    refused = operator.get("/leads", segment_id=given.NOBODY)
    assert refused.json["message"] == "segment_id: expected the id of a segment"

    wish = {"do": "add_trigger", "trigger": "VIP", "filter": {"segment_id": segment}}
    changed = operator.post("/leads/bulk", wish).json
    assert (changed["matched"], changed["changed"]) == (2, 2)


def test_what_is_wrong_is_named_by_its_place(operator: Client) -> None:
    """Counted from 1, whoever finds it."""
    for conditions, named in (
        ({"all": [IPOH, {**B1, "op": "before"}]}, "all[2].op: expected one of eq, ne"),
        ({"any": [{**IPOH, "op": "is"}]}, "any[1].op: expected one of"),
        ({"none": [{**IPOH, "field": "city"}]}, "none[1].field: expected one of"),
        ({"all": [{"field": "niche", "op": "in", "value": ["B1", 2]}]}, "all[1].value"),
        ({}, "all: expected 1 to 50 conditions"),
    ):
        refused = operator.post("/segments", {"name": "Some", **conditions})
        assert refused.status == 422
        assert refused.json["message"].startswith(named)

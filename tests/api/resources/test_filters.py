"""What lists are filtered by, as people look for somebody or something."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, when
from tests.support.api.client import Client, fields

# By what leads are looked for, and who of them is found.
LOOKED_FOR: list[tuple[dict[str, str], set[str]]] = [
    ({"q": "aisyah"}, {"Nur Aisyah"}),
    ({"q": "NUR"}, {"Nur Aisyah", "Nurul O'Connor"}),
    ({"q": "nur connor"}, {"Nurul O'Connor"}),
    ({"q": "o'con"}, {"Nurul O'Connor"}),
    ({"q": "isyah"}, set()),
    ({"q": "小明"}, {"王小明"}),
    ({"q": "+60 12-000 0001"}, {"Nur Aisyah"}),
    ({"q": "012 000 0002"}, {"Nurul O'Connor"}),
    ({"q": "0003"}, {"王小明"}),
    ({"q": "60120"}, {"Nur Aisyah", "Nurul O'Connor", "王小明"}),
    ({"q": "' & | :* \\"}, set()),
    ({"niche": "b1"}, {"Nur Aisyah"}),
    ({"niche": "B"}, set()),
    ({"trigger": "cold"}, {"Nurul O'Connor"}),
    ({"target_status": "customer"}, {"王小明"}),
    ({"attribute.city": "Ipoh"}, {"Nur Aisyah", "Nurul O'Connor"}),
    ({"attribute.city": "Ipoh", "attribute.note": "a'b\\c"}, {"Nurul O'Connor"}),
    ({"attribute.city": "ipo"}, set()),
    ({"created_after": "2026-03-02T07:59:59Z"}, {"Nur Aisyah", "Nurul O'Connor", "王小明"}),
    ({"created_before": "2026-03-02T08:00:00Z"}, set()),
    ({"q": "nur", "niche": "B1", "target_status": "prospect"}, {"Nur Aisyah"}),
]


def test_leads_are_found_as_people_look_for_them(operator: Client) -> None:
    """Also after what is known of them has changed, and no more once they are erased."""
    aisyah = given.lead(
        operator, 1, name="Nur Aisyah", niche=["B1", "B12"], attributes={"city": "Ipoh"}
    )
    attributes = {"city": "Ipoh", "note": "a'b\\c"}
    given.lead(operator, 2, name="Nurul O'Connor", triggers=["COLD"], attributes=attributes)
    given.lead(operator, 3, name="王小明", target_status="customer", niche=["B12"])

    found = [{lead["name"] for lead in operator.items("/leads", **q)} for q, _ in LOOKED_FOR]
    by_id = operator.items("/leads", q=aisyah)
    assert operator.patch(f"/leads/{aisyah}", {"name": "Siti", "niche": []}).status == 200

    assert found == [names for _, names in LOOKED_FOR]
    assert [lead["id"] for lead in by_id] == [aisyah]
    assert [lead["id"] for lead in operator.items("/leads", q="siti")] == [aisyah]
    assert operator.items("/leads", q="aisyah") == operator.items("/leads", niche="B1") == []


def test_who_is_erased_is_found_by_no_word(operator: Client, administrator: Client) -> None:
    """Neither by the name nor by the number."""
    lead_id = given.lead(operator, 1, name="Nur Aisyah", attributes={"city": "Ipoh"})

    assert administrator.json("DELETE", f"/leads/{lead_id}").status == 200

    for query in ({"q": "aisyah"}, {"q": "0120000001"}, {"attribute.city": "Ipoh"}):
        assert operator.items("/leads", **query) == []


def test_messages_are_found_by_time_reason_and_person(
    operator: Client, container: Container, clock: SimulatedClock
) -> None:
    """And by what their provider calls them."""
    given.device(operator)
    given.device(operator, "Slow", settings={"fail_rate": 1})
    given.lead(operator, 1, name="Nur Aisyah")
    given.lead(operator, 2, name="Budi")
    given.campaign(operator)
    given.campaign(operator, scheduled_at="2026-03-02T08:00:01Z")
    when.triggers(container)
    when.broadcasts(container, clock)
    clock.move_to(clock() + timedelta(minutes=1))
    when.triggers(container)
    everything = operator.items("/messages")
    pending = [each for each in everything if each["status"] == "pending"]
    failed = [each for each in everything if each["status"] == "failed"]
    sent = [each for each in everything if each["status"] == "sent"]

    def found(**query: Any) -> list[str]:
        return sorted(each["id"] for each in operator.items("/messages", **query))

    def ids(messages: list[Any]) -> list[str]:
        return sorted(each["id"] for each in messages)

    assert len(pending) == 2
    assert found(since="2026-03-02T08:00:01Z") == ids(pending)
    assert found(until="2026-03-02T08:00:01Z") == ids(failed + sent)
    assert found(since="2026-03-02T08:00:02Z") == []
    for reason in {each["reason"] for each in failed}:
        assert found(reason=reason) == ids(failed)
    assert len(found(q="aisyah")) == len(found(q="0120000001")) == 2
    assert found(q=pending[0]["id"]) == [pending[0]["id"]]
    assert found(q="nobody") == []


@pytest.mark.parametrize(
    ("path", "name"),
    [("/campaigns", "March offer"), ("/sequences", "On COLD"), ("/devices", "Sales 1")],
)
def test_what_has_a_name_and_a_status_is_found_by_them(
    operator: Client, path: str, name: str
) -> None:
    """A part of the name is enough."""
    given.device(operator)
    given.campaign(operator)
    given.sequence(operator)
    (one,) = operator.items(path)

    assert operator.items(path, q=name[2:5].upper(), status=one["status"]) == [one]
    assert operator.items(path, q=one["id"]) == [one]
    assert operator.items(path, q="nothing like it") == []
    assert fields(operator.get(path, status="lost")) == ["status"]


@pytest.mark.parametrize("name", ["attribute.", "attribute.a-b", "attributes", "attribute"])
def test_a_filter_that_is_none_is_refused(operator: Client, name: str) -> None:
    """A misspelt one must not list everybody."""
    assert operator.get("/leads", **{name: "x"}).status == 422

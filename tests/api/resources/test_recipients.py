"""GET /campaigns/{id}/recipients: who got it, and who was left out."""

from __future__ import annotations

import pytest

from projections.container import Container
from projections.queries import left_out
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY
from tests.support.when import Phones


def sent(container: Container, clock: SimulatedClock, client: Client) -> tuple[str, dict[int, str]]:
    """A campaign that four of five got, and the leads by number: 2 had opted out, and so did 6, who
    came after it had started."""
    given.device(client)
    leads = {number: given.lead(client, number, name=f"Lead {number}") for number in range(1, 6)}
    client.post(f"/leads/{leads[2]}/opt-out")
    campaign_id = given.campaign(client)
    runners.triggers(container)
    runners.looks(runners.broadcaster(container, Phones(clock)))
    clock.advance(seconds=1)
    leads[6] = given.lead(client, 6)
    client.post(f"/leads/{leads[6]}/opt-out")
    return campaign_id, leads


def test_who_got_it(container: Container, clock: SimulatedClock, operator: Client) -> None:
    """Each with the message, the device and the instant; by status, and as CSV too."""
    campaign_id, leads = sent(container, clock, operator)
    path = f"/campaigns/{campaign_id}/recipients"

    items = operator.items(path, status="sent")

    got = {leads[number] for number in (1, 3, 4, 5)}
    assert {item["lead_id"] for item in items} == got
    (first,) = [item for item in items if item["lead_id"] == leads[1]]
    message = operator.get(f"/messages/{first['message_id']}").json
    assert first == {
        "lead_id": leads[1],
        "phone": given.phone(1),
        "name": "Lead 1",
        "status": "sent",
        "excluded": None,
        "message_id": message["id"],
        "device_id": message["device_id"],
        "sent_at": message["sent_at"],
        "reason": None,
    }
    assert operator.items(path, status="failed") == []
    page = operator.get(path, limit=3).json
    rest = operator.get(path, limit=3, cursor=page["next_cursor"]).json
    assert {item["lead_id"] for item in page["items"] + rest["items"]} == got
    assert rest["next_cursor"] is None
    csv = operator.open("GET", path, headers={"Accept": "text/csv"}).get_data(as_text=True)
    assert len(csv.splitlines()) == 5


def test_who_was_left_out(container: Container, clock: SimulatedClock, operator: Client) -> None:
    """Nobody who has a message, and nobody who came after it had started."""
    campaign_id, leads = sent(container, clock, operator)
    path = f"/campaigns/{campaign_id}/recipients"
    operator.post(f"/leads/{leads[1]}/opt-out")

    (out,) = operator.items(path, excluded="opted_out")

    assert (out["lead_id"], out["excluded"], out["status"]) == (leads[2], "opted_out", None)
    assert operator.items(path, excluded="unreachable") == []
    assert operator.items(path, excluded="no_device") == []


@pytest.mark.parametrize("most", [2, 20_000])
def test_pages_of_who_is_left_out_go_on_to_the_end(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Of a campaign that has not started: without a device nobody gets it. However many leads one
    page looks at, all are listed once."""
    monkeypatch.setattr(left_out, "MOST", most)
    monkeypatch.setattr(left_out, "CHUNK", 2)
    leads = {given.lead(operator, number) for number in range(1, 8)}
    path = f"/campaigns/{given.campaign(operator)}/recipients"
    found: list[str] = []
    query = {"excluded": "no_device", "limit": 3}

    while True:
        page = operator.get(path, **query).json
        found += [item["lead_id"] for item in page["items"]]
        assert len(page["items"]) <= 3
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert sorted(found) == sorted(leads)


def test_a_list_that_there_is_not_is_refused(operator: Client) -> None:
    path = f"/campaigns/{given.campaign(operator)}/recipients"

    assert fields(operator.get(path, status="sent", excluded="opted_out")) == ["excluded"]
    assert fields(operator.get(path, excluded="ugly")) == ["excluded"]
    assert fields(operator.get(path, cursor="?")) == ["cursor"]
    assert operator.get(f"/campaigns/{NOBODY}/recipients").status == 404


def test_the_held_out_are_listed_and_the_others_of_a_segment_are_not(operator: Client) -> None:
    """A segment is part of what a lead has to match."""
    given.device(operator)
    leads = {given.lead(operator, n, target_status="customer") for n in range(1, 9)}
    given.lead(operator, 9)
    condition = {"field": "target_status", "op": "eq", "value": "customer"}
    segment = operator.create("/segments", {"name": "Customers", "all": [condition]})
    campaign_id = given.campaign(operator, segment_id=segment["id"], hold_out=0.999)

    held_out = operator.items(f"/campaigns/{campaign_id}/recipients", excluded="hold_out")

    assert {item["lead_id"] for item in held_out} == leads

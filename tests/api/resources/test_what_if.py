"""POST /what-if: who would get a campaign that nobody saved."""

from __future__ import annotations

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import then as state
from tests.support.api import given
from tests.support.api.client import Client

OFFER = {"name": "Offer", "body": "Hello", "niche": ["B1"], "scheduled_at": "2026-03-02T09:00Z"}


def test_a_viewer_asks_who_would_get_it_and_when(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """Nothing is saved; people come page by page, and the counts are of all."""
    device = given.device(operator, min_delay_seconds=10, max_delay_seconds=20)
    people = sorted(given.lead(operator, number, niche=["B1"]) for number in range(1, 5))
    operator.post(f"/leads/{people[1]}/opt-out")
    given.lead(operator, 9, niche=["B12"])
    events = state.count(container.database)

    status, first = viewer.post("/what-if?limit=3", {"campaign": OFFER})
    _, second = viewer.post(f"/what-if?limit=3&cursor={first['next_cursor']}", {"campaign": OFFER})

    assert status == 200
    assert [
        (each["lead_id"], each["device_id"]) for each in first["recipients"] + second["recipients"]
    ] == [(people[0], device), (people[2], device), (people[3], device)]
    assert sorted(each["at"] for each in first["recipients"] + second["recipients"]) == [
        "2026-03-02T09:00:00+00:00",
        "2026-03-02T09:00:15+00:00",
        "2026-03-02T09:00:30+00:00",
    ]
    assert first["left_out"] == [{"lead_id": people[1], "reason": "opted_out", "step": None}]
    assert (second["left_out"], second["next_cursor"]) == ([], None)
    assert first["excluded"] == second["excluded"] == {"opted_out": 1}
    assert first["per_day"] == {"2026-03-02": {"total": 3, device: 3}}
    assert first["ends_at"] == "2026-03-02T09:00:30+00:00"
    assert first["real"] is None
    assert first["computed"] == second["computed"]
    assert first["computed"]["position"] == events == state.count(container.database)


def test_what_is_wrong_is_named(clock: SimulatedClock, viewer: Client) -> None:
    late = (clock().replace(year=2027)).isoformat()
    assert viewer.post("/what-if", {"campaign": OFFER, "as_of": late}).status == 422
    assert viewer.post("/what-if", {"campaign": {**OFFER, "colour": "red"}}).status == 422
    assert viewer.post("/what-if", {}).status == 422

"""POST /what-if: who would get a campaign that nobody saved."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

from projections.container import Container
from projections.what_if.answer import Answer, Computed, Recipient
from projections.what_if.kept import Kept
from projections.what_if.snapshot import AT_ONCE, take_turn
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
    people = sorted(
        given.lead(operator, number, niche=["B1"], name="Aisyah") for number in range(1, 5)
    )
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
    phone = operator.get(f"/leads/{people[1]}").json["phone"]
    who = {"lead_id": people[1], "name": "Aisyah", "phone": phone}
    assert first["left_out"] == [{**who, "reason": "opted_out", "step": None}]
    assert (second["left_out"], second["next_cursor"]) == ([], None)
    assert first["audience"] == second["audience"] == 3
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


def test_the_pages_of_an_answer_over_the_past_are_of_one_replay(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """Though things go on; after ten minutes, or for another question, it is computed anew."""
    given.device(operator)
    for number in range(1, 4):
        given.lead(operator, number, niche=["B1"])
    then = clock().isoformat()
    question = {"campaign": OFFER, "as_of": then}
    clock.advance(minutes=1)
    _, first = viewer.post("/what-if?limit=2", question)
    (gone,) = (each["id"] for each in operator.items("/leads", phone=given.phone(3)))
    container.outreach.erase_lead(UUID(gone), actor="api:boss")
    path = f"/what-if?limit=2&cursor={first['next_cursor']}"

    _, second = viewer.post(path, question)
    _, other = viewer.post(path, {**question, "campaign": {**OFFER, "target_status": "all"}})
    clock.advance(minutes=11)
    _, late = viewer.post(path, question)

    assert first["computed"] == second["computed"]
    assert len(first["recipients"]) + len(second["recipients"]) == 3
    for anew in (other, late):
        assert anew["computed"]["erased"] == 1
        assert anew["computed"]["digest"] != first["computed"]["digest"]


def test_so_many_questions_about_the_past_are_answered_at_once(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """A further one is told to come again; one about today is answered."""
    given.device(operator)
    past = {"campaign": OFFER, "as_of": clock().isoformat()}
    sequence = {"sequence": {"id": given.sequence(operator)}, "days": 1}

    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            take_turn(stack.enter_context(container.database.transaction()))
        refused = [viewer.open("POST", "/what-if", json=each) for each in (past, sequence)]
        today = viewer.post("/what-if", {"campaign": OFFER})

    assert [(each.status_code, each.headers["Retry-After"]) for each in refused] == [(503, "5")] * 2
    assert today.status == 200
    assert [viewer.post("/what-if", each).status for each in (past, sequence)] == [200, 200]


def test_what_was_not_there_then_is_named(
    clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """A segment that nobody saved, or not yet, and a time at the end of the calendar."""
    given.device(operator)
    before = clock().isoformat()
    clock.advance(hours=1)
    quiet = {"field": "never_sent", "op": "eq", "value": True}
    segment = operator.create("/segments", {"name": "Quiet", "all": [quiet]})["id"]
    offers = [{**OFFER, "segment_id": each} for each in (segment, str(given.NOBODY))]
    sequence = {"id": given.sequence(operator)}

    known = viewer.post("/what-if", {"campaign": offers[0]})
    refused = [
        viewer.post("/what-if", {"campaign": offers[0], "as_of": before}),
        viewer.post("/what-if", {"campaign": offers[1]}),
        viewer.post(
            "/what-if", {"sequence": {**sequence, "segment_id": offers[1]["segment_id"]}, "days": 1}
        ),
        viewer.post("/what-if", {"sequence": sequence, "days": 1, "until": "0001-01-01T00:00Z"}),
        viewer.post("/what-if", {"campaign": {**OFFER, "scheduled_at": "9999-12-31T23:59Z"}}),
        viewer.post(
            "/what-if",
            {"campaign": {**OFFER, "scheduled_at": "0001-01-01T00:00", "timezone": "recipient"}},
        ),
        viewer.get("/reports/signals", until="0001-01-01T00:00Z"),
    ]

    assert known.status == 200
    assert [[each["field"] for each in answer.json["fields"]] for answer in refused] == [
        ["campaign.segment_id"],
        ["campaign.segment_id"],
        ["sequence.segment_id"],
        ["until"],
        ["campaign.scheduled_at"],
        ["campaign.scheduled_at"],
        ["until"],
    ]


def test_only_so_many_people_are_kept(clock: SimulatedClock) -> None:
    """The oldest answers go first, and one that is too large is not kept."""
    someone = [Recipient(UUID(int=number), UUID(int=9), None) for number in range(4)]
    computed = Computed(position=1, as_of=clock(), digest="", erased=0)

    def answer(people: int) -> Answer:
        return Answer(
            recipients=someone[:people],
            left_out=[],
            excluded={},
            per_day={},
            ends_at=None,
            computed=computed,
        )

    kept = Kept(most_people=4)
    for name, people in (("a", 2), ("b", 2), ("c", 1)):
        kept.keep(name, answer(people), clock())

    assert [kept.find(name, clock()) is not None for name in "abc"] == [False, True, True]
    kept.keep("d", answer(4), clock())
    kept.keep("e", answer(1), clock())
    assert [kept.find(name, clock()) is not None for name in "bcde"] == [False, False, False, True]
    assert kept.find("e", clock() + timedelta(minutes=11)) is None

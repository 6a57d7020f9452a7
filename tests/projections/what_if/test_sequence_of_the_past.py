"""A sequence over days that are over, beside what really happened in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from projections.container import Container
from projections.what_if import sequence
from projections.what_if.answer import Answer
from projections.what_if.snapshot import snapshot
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.api import given as asked
from tests.support.api.client import Client


def ask(container: Container, sequence_id: Any, **changes: Any) -> Answer:
    now = container.outreach.clock()
    with snapshot(container.database, now) as seen:
        id_, definition = sequence.definition(seen, sequence_id, changes)
        return sequence.what_if(
            container.database,
            seen,
            id_,
            definition,
            sequence.span(now, 5, None, None),
            container.outreach.house,
            None,
        )


def played(container: Container, clock: SimulatedClock) -> Any:
    """Five days in which leads enter a sequence on three of them, two reply, and one says no; the
    id of the sequence."""
    for name in ("Sales 1", "Sales 2"):
        given.device(container, name, pace=(10, 20))
    made = given.sequence(container, "COLD", ("One", "Two", "Three"), niche=("B1",))
    simulation = Simulation(container, clock)
    start = clock()
    for day in range(3):
        people = given.many_leads(container, 5, ["cold"], first=1 + 10 * day, niche=("b1",))
        given.many_leads(container, 2, ["COLDVITAC"], first=6 + 10 * day, niche=("B1",))
        given.many_leads(container, 2, ["COLD"], first=8 + 10 * day, niche=("B2",))
        simulation.play(start + timedelta(days=day + 1) - timedelta(hours=1))
        container.outreach.opt_out(people[0], "STOP", actor=given.ACTOR)
    simulation.play(start + timedelta(days=5))
    return made


def test_the_sequence_as_it_was_would_have_done_what_it_did(
    container: Container, clock: SimulatedClock
) -> None:
    made = played(container, clock)
    events = then.count(container.database)

    found = ask(container, made)

    sent = {
        (m.lead_id, m.device_id, m.step): m.sent_at
        for m in then.messages(container, sequence_id=made)
        if m.status == "sent"
    }
    would = {(each.lead_id, each.device_id, each.step): each.at for each in found.recipients}
    assert would.keys() == sent.keys()
    assert len(sent) == 12 * 3 + 3
    # The enroller looks every five minutes.
    late = [sent[what] - at for what, at in would.items() if at is not None]
    assert max(late) < timedelta(minutes=8)
    assert min(late) > timedelta(minutes=-2)
    assert found.excluded == {"opted_out": 6}
    assert found.real is not None
    assert (found.real["enrolled"], found.real["sent"]) == (15, len(sent))
    assert then.count(container.database) == events


def test_a_changed_sequence_and_a_new_one(container: Container, clock: SimulatedClock) -> None:
    """Without the niche more would have come in, and a step less would have been sent."""
    made = played(container, clock)
    wider = ask(container, made, niche=(), steps=({"body": "Only one"},))
    assert len(wider.recipients) == 21
    assert {each.step for each in wider.recipients} == {1}
    other = ask(container, None, trigger="COLDVITAC", steps=({"body": "Vitamins"},))
    assert len(other.recipients) == 6
    assert other.real is not None
    assert other.real["enrolled"] == 0


def test_a_viewer_asks_it(container: Container, operator: Client, viewer: Client) -> None:
    asked.device(operator)
    lead = asked.lead(operator, 1, triggers=["COLD"])
    steps = [{"body": "Hello"}]
    body = {"sequence": {"trigger": "COLD", "first_delay_minutes": 0, "steps": steps}}

    container.outreach.clock.advance(days=1)  # type: ignore[attr-defined]
    status, answer = viewer.post("/what-if", {**body, "days": 2})

    assert status == 200
    assert [(each["lead_id"], each["step"]) for each in answer["recipients"]] == [(lead, 1)]
    assert answer["real"]["enrolled"] == 0
    assert viewer.post("/what-if", body).status == 422
    assert viewer.post("/what-if", {**body, "days": 2, "as_of": "2026-03-01T00:00Z"}).status == 422
    assert viewer.post("/what-if", {"sequence": {"trigger": "COLD"}, "days": 2}).status == 422

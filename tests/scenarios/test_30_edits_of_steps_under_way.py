"""30. "We took a step out and put another in, and some got the old text, and some the new one
twice." """

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import sequence as sequences
from domain.enrollment import EnrollmentCompleted, LeadEnrolled
from domain.event import Event
from domain.message.events import MessageQueued, MessageSent
from domain.sequence import SequenceStepAdded
from projections.audit.message_trail import message_trail
from tests.scenarios.days import Days
from tests.support import then
from tests.support.api import given
from tests.support.samples import utc

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def sent(days: Days) -> list[tuple[int, Any]]:
    """Step and moment of what was sent, in that order."""
    return [(row.step, row.sent_at) for row in days.messages() if row.sent_at is not None]


def test_a_step_that_is_appended_comes_to_those_under_way_too(days: Days) -> None:
    """Both steps of hers were planned; there is a third now."""
    given.device(days.api)
    given.lead(days.api, triggers=["COLD"])
    sequence = given.sequence(days.api, "One", "Two")
    days.work_until(utc(2026, 3, 2, 9, 0))

    status, answer = days.api.post(f"/sequences/{sequence}/steps", {"body": "Three"})

    assert (status, answer["added"], answer["moved"]) == (201, 1, 0)
    assert [step["number"] for step in answer["steps"]] == [1, 2, 3]
    (enrollment,) = days.api.items("/enrollments")
    assert (enrollment["steps"], enrollment["status"]) == (3, "active")
    days.work_until(utc(2026, 3, 5, 9, 0))
    assert [step for step, _ in sent(days)] == [1, 2, 3]
    (enrollment,) = days.api.items("/enrollments")
    assert (enrollment["step"], enrollment["status"]) == (3, "completed")
    days.proves_itself()


def test_a_step_that_is_removed_is_cancelled_and_the_next_keeps_its_delay(days: Days) -> None:
    """The second is gone. The third, a day after the second, comes a day after the first; its text
    is its own."""
    given.device(days.api)
    given.lead(days.api, triggers=["COLD"])
    sequence = given.sequence(days.api, "One", "Two", "Three")
    days.work_until(utc(2026, 3, 2, 9, 0))
    ((_, first),) = sent(days)

    status, answer = days.api.json("DELETE", f"/sequences/{sequence}/steps/2")

    assert (status, answer["cancelled"], answer["moved"]) == (200, 1, 1)
    assert [(step["number"], step["body"]) for step in answer["steps"]] == [
        (1, "One"),
        (3, "Three"),
    ]
    (gone,) = days.messages(step=2)
    assert (gone.status, gone.reason) == ("cancelled", "step_removed")
    (third,) = days.messages(step=3)
    assert third.scheduled_at == first + 24 * HOUR
    days.work_until(utc(2026, 3, 4, 9, 0))
    (enrollment,) = days.api.items("/enrollments")
    assert (enrollment["status"], enrollment["steps"]) == ("completed", 2)
    trail = message_trail(days.container.outreach, days.container.database, third.message_id)
    assert [(each.text, each.proven) for each in trail.hand_overs] == [("Three", True)]
    report = days.api.get(f"/reports/sequences/{sequence}").json
    assert [(s["step"], s["removed"], s["audience"]) for s in report["steps"]] == [
        (1, False, 1),
        (3, False, 1),
        (2, True, 1),
    ]
    days.proves_itself()


def test_a_step_that_is_inserted_comes_before_what_was_not_sent(days: Days) -> None:
    """Aisyah has had the first of two, Siti both. The new one, before the second, is for Aisyah."""
    given.device(days.api)
    aisyah, siti = given.lead(days.api, 1), given.lead(days.api, 2)
    sequence = given.sequence(days.api, "One", "Two", reentry="always")
    given.sequence(days.api, "Other", trigger="WARM")
    days.api.post("/enrollments", {"lead_id": siti, "sequence_id": sequence})
    days.work_until(utc(2026, 3, 3, 8, 5))
    days.api.post("/enrollments", {"lead_id": aisyah, "sequence_id": sequence})
    days.api.post(f"/sequences/{sequence}/steps", {"body": "Last", "delay_hours": 100})
    days.work_until(utc(2026, 3, 3, 9, 0))

    status, answer = days.api.post(
        f"/sequences/{sequence}/steps", {"body": "Between", "delay_hours": 2, "at": 2}
    )

    assert (status, answer["added"]) == (201, 1)
    assert [step["number"] for step in answer["steps"]] == [1, 4, 2, 3]
    days.work_until(utc(2026, 3, 12))
    got = {
        lead: [row.step for row in days.messages(status="sent") if str(row.lead_id) == lead]
        for lead in (aisyah, siti)
    }
    assert got == {aisyah: [1, 4, 2, 3], siti: [1, 2, 3]}
    days.proves_itself()


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_edited_everybody_gets_each_step_once_in_order(days: Days, seed: int) -> None:
    """Two weeks of somebody who cannot make up her mind, and nine people on their way."""
    dice = random.Random(seed)
    api = days.api
    given.device(api)
    sequence = given.sequence(api, "text 1", "text 2", "text 3")
    path = f"/sequences/{sequence}"
    for turn in range(30):
        if turn % 3 == 0:
            given.lead(api, turn + 1, triggers=["COLD"])
        steps = api.get(path).json["steps"]
        step = dice.choice(steps)["number"]
        delay = dice.choice([0, 1, 5, 24, 30])
        match dice.randrange(5):
            case 0:
                answer = api.post(f"{path}/steps", {"body": f"new {turn}", "delay_hours": delay})
            case 1:
                text = {"body": f"put in {turn}", "delay_hours": delay, "at": step}
                answer = api.post(f"{path}/steps", text)
            case 2 if len(steps) > 1:
                answer = api.json("DELETE", f"{path}/steps/{step}")
            case 3:
                answer = api.patch(f"{path}/steps/{step}", {"body": f"other {turn}"})
            case _:
                answer = api.patch(f"{path}/steps/{step}", {"delay_hours": delay})
        assert answer.status in (200, 201), answer.json
        days.work_until(days.clock() + timedelta(minutes=dice.randrange(1, 900)))
    days.work_until(days.clock() + timedelta(days=40))

    everybody_got_what_was_right(days, UUID(sequence))
    assert {row.status for row in then.table(days.container, "enrollments")} == {"completed"}
    days.proves_itself()


def everybody_got_what_was_right(days: Days, sequence_id: UUID) -> None:
    """By the log: each step as the sequence had it at the moment when it was handed over."""
    log: list[Event] = then.events(days.container)
    rows = {row.message_id: row for row in days.messages()}
    state: Any = None
    texts: dict[UUID, str] = {}
    had: dict[UUID, list[tuple[int, Any]]] = {}
    owed: dict[UUID, set[int]] = {}
    ended: set[UUID] = set()
    for event in log:
        if event.originator_id == sequence_id:
            state = sequences.evolve(state, event)
            order = [step.number for step in state.definition.steps]
            for id_ in owed.keys() - ended:
                # A step that was put in front of what somebody had already is not for her.
                past = [order.index(n) for n, _ in had.get(id_, []) if n in order]
                if isinstance(event, SequenceStepAdded):
                    new = order.index(event.step.number)
                    owed[id_] |= {event.step.number} if new > max(past, default=-1) else set()
                owed[id_] &= {*order}
        elif isinstance(event, LeadEnrolled):
            owed[event.originator_id] = {step.number for step in state.definition.steps}
        elif isinstance(event, EnrollmentCompleted):
            ended.add(event.originator_id)
            assert owed[event.originator_id] <= {n for n, _ in had[event.originator_id]}
        elif isinstance(event, MessageQueued):
            row = rows[event.originator_id]
            living = {step.number: place for place, step in enumerate(state.definition.steps)}
            step = state.definition.steps[living[row.step]]
            earlier = had.setdefault(row.enrollment_id, [])
            assert row.step not in [number for number, _ in earlier]
            assert all(living.get(n, -1) < living[row.step] for n, _ in earlier), (row, earlier)
            if earlier:
                distance = event.timestamp - earlier[-1][1]
                assert distance >= timedelta(hours=step.delay_hours), (row, distance)
            texts[event.originator_id] = step.body
        elif isinstance(event, MessageSent):
            row = rows[event.originator_id]
            had[row.enrollment_id].append((row.step, event.timestamp))
    assert ended == owed.keys()
    for message_id, text in texts.items():
        trail = message_trail(days.container.outreach, days.container.database, message_id)
        assert [(each.text, each.proven) for each in trail.hand_overs] == [(text, True)]

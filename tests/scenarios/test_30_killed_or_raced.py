"""30. "We changed the second step for everybody, the server died, and half of them kept the old
plan." And: what if the phones are busy meanwhile?"""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from domain.application import sequence_edits
from domain.message.events import MessageRescheduled
from tests.support import then
from tests.support.office import Office

# Which of the transactions of the reaper that is: those before it find nothing to do.
FIRST_CHUNK = 5


def planned_anew(office: Office) -> Counter[int]:
    """How many messages were rescheduled how many times."""
    times = Counter(e.originator_id for e in then.events(office.container, "message.rescheduled"))
    return Counter(times.values())


def under_way(office: Office) -> int:
    """How many are not at the end of their journey."""
    return len([n for n in then.table(office.container, "enrollments") if n.status == "active"])


@pytest.mark.parametrize(("moment", "moved"), [("before_commit", 10), ("after_commit", 1010)])
def test_killed_while_many_are_planned_anew_the_rest_follows(
    office: Office, monkeypatch: pytest.MonkeyPatch, moment: str, moved: int
) -> None:
    """The answer says how many were moved at once, and how many are left. The reaper is killed at
    its first thousand; the next one goes on."""
    monkeypatch.setattr(sequence_edits, "AT_ONCE", 10)
    office.device()
    office.leads(1100, triggers="COLD")
    steps = [{"body": "One"}, {"body": "Two {name}"}]
    cold = {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 600, "steps": steps}
    path = f"/sequences/{office.api.create('/sequences', cold)['id']}"
    office.api.post(f"{path}/activate")
    assert office.once("enroller").returncode == 0

    status, answer = office.api.patch(f"{path}/steps/2", {"delay_hours": 6})
    died = office.once("reaper", fault=f"reap.{moment}:{FIRST_CHUNK}")

    assert (status, answer["moved"], answer["left"]) == (200, 10, 1090)
    assert died.returncode == -signal.SIGKILL
    assert planned_anew(office) == {1: moved}
    assert office.once("reaper").returncode == 0
    assert planned_anew(office) == {1: 1100}
    (event, *_) = then.events(office.container, "message.rescheduled")
    assert (type(event), event.reason) == (MessageRescheduled, "revised")
    first, second = (
        {m.lead_id: m.scheduled_at for m in then.messages(office.container, step=step)}
        for step in (1, 2)
    )
    assert {(second[lead] - at).total_seconds() for lead, at in first.items()} == {6 * 3600}
    office.proves_itself()


def test_whoever_edits_while_the_phones_are_busy_doubles_and_loses_nothing(
    office: Office,
) -> None:
    """Steps come, go and change places while all runners send to thirty people."""
    for number in (1, 2, 3):
        office.device(f"Sales {number}")
    office.leads(30, triggers="COLD")
    cold = {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0}
    steps = [{"body": f"Text {n}", "delay_hours": 0} for n in range(1, 5)]
    made = office.api.create("/sequences", {**cold, "steps": steps})
    path = f"/sequences/{made['id']}"
    office.api.post(f"{path}/activate")

    with office.running() as runners:
        runners.says("runners.started")
        then.soon(lambda: office.counts()["sent"] > 0, 60)
        for turn in range(4):
            there = [step["number"] for step in office.api.get(path).json["steps"]]
            new = {"body": f"New {turn}", "delay_hours": 0}
            answers = [
                office.api.post(f"{path}/steps", new),
                office.api.post(f"{path}/steps", {**new, "body": f"In {turn}", "at": there[-1]}),
                office.api.json("DELETE", f"{path}/steps/{there[-2]}"),
                office.api.patch(f"{path}/steps/{there[-1]}", {"delay_hours": 0.001 * turn}),
            ]
            assert {answer.status for answer in answers} <= {200, 201}, answers
        then.soon(lambda: not under_way(office), 120)
        assert runners.ends(signal.SIGTERM) == 0, runners.lines

    assert office.twice() == []
    messages = then.messages(office.container)
    assert {(m.status, m.reason) for m in messages} <= {
        ("sent", None),
        ("cancelled", "step_removed"),
    }
    sent = Counter(m.enrollment_id for m in messages if m.status == "sent")
    enrollments = then.table(office.container, "enrollments")
    assert {(n.status, sent[n.enrollment_id] - n.steps) for n in enrollments} == {("completed", 0)}
    assert len(enrollments) == 30
    office.proves_itself()

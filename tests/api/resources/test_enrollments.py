"""/enrollments: who is on a journey, who has left it and why; one lead enters, or leaves."""

from __future__ import annotations

from typing import Any

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY


def enroll(client: Client, lead_id: str, sequence_id: str) -> Any:
    """The enrollment that an operator made."""
    return client.create("/enrollments", {"lead_id": lead_id, "sequence_id": sequence_id})


def refused(client: Client, lead_id: str, sequence_id: str) -> tuple[str, Any]:
    """What a 409 says, and its details."""
    status, answer = client.post("/enrollments", {"lead_id": lead_id, "sequence_id": sequence_id})
    assert status == 409, answer
    return answer["message"], answer["errors"]


def test_one_lead_enters_now(container: Container, operator: Client) -> None:
    """Whatever its triggers and its niche: a person wants it. All its messages are planned."""
    device = given.device(operator)
    lead = given.lead(operator, triggers=["VIP"])
    sequence = given.sequence(operator, "One", "Two", niche=["B1"])

    made = enroll(operator, lead, sequence)

    assert made == {
        "id": made["id"],
        "lead_id": lead,
        "phone": given.phone(1),
        "name": "",
        "sequence_id": sequence,
        "status": "active",
        "reason": None,
        "entry": 1,
        "trigger": "",
        "step": 0,
        "steps": 2,
        "enrolled_at": "2026-03-02T08:00:00+00:00",
        "ended_at": None,
        "version": 1,
    }
    assert operator.get(f"/enrollments/{made['id']}") == (200, made)
    messages = operator.items("/messages", lead_id=lead)
    assert sorted((m["step"], m["scheduled_at"][:16], m["device_id"]) for m in messages) == [
        (1, "2026-03-02T08:05", device),
        (2, "2026-03-03T08:05", device),
    ]
    assert operator.get(f"/leads/{lead}").json["triggers"] == ["VIP"]
    assert when.enrolls(container) == 0
    (began,) = [e for e in then.log(container) if e.topic == "enrollment.lead_enrolled"]
    assert began.actor == "api:crm"


def test_a_trigger_that_the_lead_has_is_taken(container: Container, operator: Client) -> None:
    """Or the enroller would begin the same journey again."""
    given.device(operator)
    lead = given.lead(operator, triggers=["cold", "VIP"])
    sequence = given.sequence(operator, reentry="always")

    made = enroll(operator, lead, sequence)

    assert (made["trigger"], made["entry"]) == ("COLD", 1)
    assert operator.get(f"/leads/{lead}").json["triggers"] == ["VIP"]
    assert when.enrolls(container) == 0


def test_the_same_request_again_enrolls_once(operator: Client) -> None:
    """The answer got lost, and the client asks again."""
    given.device(operator)
    body = {"lead_id": given.lead(operator), "sequence_id": given.sequence(operator)}

    first = operator.post("/enrollments", body, idempotency_key="k1")

    assert first.status == 201
    assert operator.post("/enrollments", body, idempotency_key="k1") == first
    assert len(operator.items("/enrollments")) == 1


@pytest.mark.parametrize(
    ("reentry", "while_active", "after_the_end"),
    [("once", 409, 409), ("after_completion", 409, 201), ("always", 201, 201)],
)
def test_a_lead_enters_again_as_the_sequence_says(
    operator: Client, reentry: str, while_active: int, after_the_end: int
) -> None:
    """A refusal names the enrollment that stands against it."""
    given.device(operator)
    lead, sequence = given.lead(operator), given.sequence(operator, reentry=reentry)
    body = {"lead_id": lead, "sequence_id": sequence}
    first = enroll(operator, lead, sequence)

    active = operator.post("/enrollments", body)
    for running in operator.items("/enrollments", status="active"):
        assert operator.post(f"/enrollments/{running['id']}/stop").status == 200
    ended = operator.post("/enrollments", body)

    assert (active.status, ended.status) == (while_active, after_the_end)
    if while_active == 409:
        assert active.json["errors"] == {"id": first["id"]}
    if after_the_end == 201:
        assert ended.json["entry"] == 2 + (while_active == 201)


def test_two_requests_at_once_enroll_once(operator: Client) -> None:
    """Two people press the button: the second is told of the first."""
    given.device(operator)
    body = {"lead_id": given.lead(operator), "sequence_id": given.sequence(operator)}

    answers = when.at_once(*[lambda: operator.post("/enrollments", body)] * 2)

    made, late = sorted(answers, key=lambda answer: answer.status)
    assert (made.status, late.status) == (201, 409)
    assert late.json["errors"] == {"id": made.json["id"]}
    assert len(operator.items("/messages")) == 2


def test_who_cannot_be_enrolled_is_told_why(operator: Client, administrator: Client) -> None:
    """Opted out, erased, no device, a sequence that takes nobody: each by its name."""
    sequence = given.sequence(operator)
    out, gone, stuck = (given.lead(operator, number) for number in (1, 2, 3))
    assert refused(operator, stuck, sequence)[1] == {"state": "no_device"}
    given.device(operator)
    operator.post(f"/leads/{out}/opt-out")
    administrator.json("DELETE", f"/leads/{gone}")
    draft = given.sequence(operator, trigger="VIP", active=False)

    assert refused(operator, out, sequence) == (
        "cannot enroll this lead: it is opted_out",
        {"state": "opted_out"},
    )
    assert refused(operator, gone, sequence)[1] == {"state": "erased"}
    assert refused(operator, stuck, draft) == (
        "cannot enroll a lead in this sequence: it is draft",
        {"state": "draft"},
    )
    assert operator.items("/enrollments") == []


def test_unknown_leads_and_sequences_are_not_found(operator: Client) -> None:
    """Which of both is said; and a body that lacks one is refused."""
    lead, sequence = given.lead(operator), given.sequence(operator)

    for body, message in (
        ({"lead_id": NOBODY, "sequence_id": sequence}, f"no lead {NOBODY}"),
        ({"lead_id": lead, "sequence_id": NOBODY}, f"no sequence {NOBODY}"),
    ):
        answer = operator.post("/enrollments", {k: str(v) for k, v in body.items()})
        assert (answer.status, answer.json["message"]) == (404, message)
    assert fields(operator.post("/enrollments", {"lead_id": lead})) == ["sequence_id"]
    assert operator.get(f"/enrollments/{NOBODY}").status == 404
    assert operator.post(f"/enrollments/{NOBODY}/stop").status == 404


def test_an_operator_stops_one_journey(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """What was sent stays sent; the rest is cancelled, and the lead's other journey goes on."""
    given.device(operator)
    lead = given.lead(operator)
    first = enroll(operator, lead, given.sequence(operator, "One", "Two", "Three"))
    other = enroll(operator, lead, given.sequence(operator, "Uno", trigger="VIP"))
    clock.advance(minutes=6)
    when.broadcasts(container, clock)

    status, stopped = operator.post(f"/enrollments/{first['id']}/stop")

    assert status == 200
    assert (stopped["status"], stopped["reason"], stopped["step"]) == ("stopped", "operator", 1)
    assert stopped["ended_at"] is not None
    messages = operator.items("/messages", sequence_id=first["sequence_id"])
    assert sorted((m["step"], m["status"], m["reason"]) for m in messages) == [
        (1, "sent", None),
        (2, "cancelled", "operator"),
        (3, "cancelled", "operator"),
    ]
    assert operator.get(f"/enrollments/{other['id']}").json["reason"] is None


def test_a_journey_that_has_ended_cannot_be_stopped(operator: Client) -> None:
    """The answer says how it stands."""
    given.device(operator)
    made = enroll(operator, given.lead(operator), given.sequence(operator))
    operator.post(f"/enrollments/{made['id']}/stop")

    answer = operator.post(f"/enrollments/{made['id']}/stop")

    assert answer == (
        409,
        {
            "code": 409,
            "status": "Conflict",
            "message": "cannot stop this enrollment: it is stopped",
            "errors": {"state": "stopped"},
        },
    )


def test_enrollments_are_listed_by_whom_where_how_and_why(
    container: Container, operator: Client, viewer: Client
) -> None:
    """Each filter alone and together with others; a reason that there is not is refused."""
    given.device(operator)
    one, two = given.lead(operator, 1), given.lead(operator, 2)
    cold, vip = given.sequence(operator), given.sequence(operator, trigger="VIP")
    ids = {
        (lead, sequence): enroll(operator, lead, sequence)["id"]
        for lead in (one, two)
        for sequence in (cold, vip)
    }
    operator.post(f"/enrollments/{ids[one, cold]}/stop")
    operator.post(f"/leads/{two}/opt-out")

    def listed(**query: str) -> set[Any]:
        return {item["id"] for item in viewer.items("/enrollments", **query)}

    assert listed() == set(ids.values())
    assert listed(lead_id=one) == {ids[one, cold], ids[one, vip]}
    assert listed(sequence_id=vip) == {ids[one, vip], ids[two, vip]}
    assert listed(status="active") == {ids[one, vip]}
    assert listed(reason="operator") == {ids[one, cold]}
    assert listed(sequence_id=cold, reason="opted_out") == {ids[two, cold]}
    assert fields(viewer.get("/enrollments", reason="bored")) == ["reason"]
    assert fields(viewer.get("/enrollments", status="over")) == ["status"]
    report = viewer.get(f"/reports/sequences/{cold}").json
    assert report["enrollments"] == {"active": 0, "completed": 0, "stopped": 2}
    assert report["stopped_because"] == {"operator": 1, "opted_out": 1}


def test_step_is_the_highest_that_was_dispatched(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Whatever became of it: the second one failed."""
    device = given.device(operator)
    made = enroll(operator, given.lead(operator), given.sequence(operator, "One", "Two", "Three"))
    path = f"/enrollments/{made['id']}"
    clock.advance(minutes=6)
    when.broadcasts(container, clock)
    assert operator.get(path).json["step"] == 1

    operator.patch(f"/devices/{device}", {"settings": {"fail_rate": 1}})
    clock.advance(days=1)
    when.broadcasts(container, clock)

    assert operator.get(path).json["step"] == 2

"""/leads/{id}: triggers, and the wish to get nothing any more."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields


def test_a_lead_is_given_a_trigger_once(operator: Client) -> None:
    """A trigger is a whole token in any case: what is there already is not added."""
    lead_id = given.lead(operator, triggers=["COLDVITAC"])

    answers = [
        operator.post(f"/leads/{lead_id}/triggers", {"trigger": trigger})
        for trigger in ("COLD", "cold", " COLD ", "coldvitac")
    ]

    assert [answer.status for answer in answers] == [200, 200, 200, 200]
    assert [answer.json["triggers"] for answer in answers] == [["COLDVITAC", "COLD"]] * 4
    assert [answer.json["version"] for answer in answers] == [2, 2, 2, 2]


BAD_TRIGGERS: list[tuple[Any, str]] = [
    ({}, "trigger"),
    ({"trigger": ""}, "trigger"),
    ({"trigger": "A;B"}, "trigger"),
    ({"trigger": "A\0"}, "trigger"),
    ({"trigger": 1}, "trigger"),
    ({"trigger": "COLD", "when": "now"}, "when"),
]


def test_a_bad_trigger_is_refused(operator: Client) -> None:
    """A trigger that could never match would be lost silently."""
    lead_id = given.lead(operator)

    answers = [operator.post(f"/leads/{lead_id}/triggers", body) for body, _ in BAD_TRIGGERS]

    assert [fields(answer) for answer in answers] == [[field] for _, field in BAD_TRIGGERS]


def test_opting_out_cancels_everything_and_keeps_the_evidence(
    container: Container, operator: Client
) -> None:
    """A person says stop on the phone: nothing that was waiting goes out any more."""
    given.device(operator, online=False)
    lead_id = given.lead(operator)
    given.campaign(operator)
    when.triggers(container)

    status, lead = operator.post(f"/leads/{lead_id}/opt-out", {"evidence": "said so on the phone"})

    assert (status, lead["opted_out"]) == (200, True)
    assert lead["opted_out_at"] == "2026-03-02T08:00:00+00:00"
    (message,) = operator.items("/messages")
    assert (message["status"], message["reason"]) == ("cancelled", "opted_out")
    (event,) = [event for event in then.log(container) if event.topic == "lead.opted_out"]
    assert event.data.keys() == {"sealed"}


def test_opting_out_and_in_again_needs_no_body(operator: Client) -> None:
    """Twice is once; and a person may change their mind."""
    lead_id = given.lead(operator)

    answers = [
        operator.post(f"/leads/{lead_id}/{wish}")
        for wish in ("opt-in", "opt-out", "opt-out", "opt-in")
    ]

    assert [answer.status for answer in answers] == [200, 200, 200, 200]
    assert [answer.json["opted_out"] for answer in answers] == [False, True, True, False]
    assert [answer.json["version"] for answer in answers] == [1, 2, 2, 3]


def test_bad_evidence_is_refused(operator: Client) -> None:
    """Evidence that says nothing, or cannot be stored, is none."""
    lead_id = given.lead(operator)
    bad: list[tuple[Any, str]] = [
        ({"evidence": ""}, "evidence"),
        ({"evidence": "a\0b"}, "evidence"),
        ({"evidence": "a" * 10_001}, "evidence"),
        ({"evidence": 1}, "evidence"),
        ({"proof": "x"}, "proof"),
    ]

    for wish in ("opt-out", "opt-in"):
        answers = [operator.post(f"/leads/{lead_id}/{wish}", body) for body, _ in bad]
        assert [fields(answer) for answer in answers] == [[field] for _, field in bad]

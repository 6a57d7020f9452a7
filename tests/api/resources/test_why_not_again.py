"""/audit/why-not of a sequence for one who was in it, and has the trigger again."""

from __future__ import annotations

from typing import Any

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given
from tests.support.api.client import Client


@pytest.mark.parametrize("reentry", ["once", "after_completion"])
def test_why_not_says_who_is_in_the_sequence_already(
    container: Container, clock: SimulatedClock, operator: Client, reentry: str
) -> None:
    """The trigger is given again while the first step is pending: the enroller passes her over."""
    given.device(operator)
    cold = given.lead(operator, 1, triggers=["COLD"])
    sequence = given.sequence(operator, reentry=reentry)
    runners.enrolls(container)

    def why_not() -> Any:
        return operator.get("/audit/why-not", lead_id=cold, sequence_id=sequence).json

    before = why_not()
    operator.post(f"/leads/{cold}/triggers", {"trigger": "cold"})
    runners.enrolls(container)
    again = why_not()

    assert before["reason"] == "pending"
    assert (again["reason"], again["wanted"], again["had"]) == (
        "already_enrolled",
        [reentry],
        ["active"],
    )
    assert "enrollment 1 is active" in again["story"]
    assert again["message_ids"] == before["message_ids"]
    assert len(operator.items("/messages")) == 2
    operator.post(f"/leads/{cold}/opt-out")
    assert why_not()["reason"] == "opted_out"


def test_why_not_says_nothing_of_a_step_that_was_removed(
    container: Container, administrator: Client
) -> None:
    """The first of three is gone, and the second waits for its time."""
    given.device(administrator)
    cold = given.lead(administrator, 1, triggers=["COLD"])
    sequence = given.sequence(administrator, "One", "Two", "Three")
    runners.enrolls(container)
    administrator.json("DELETE", f"/sequences/{sequence}/steps/1")

    answer = administrator.get("/audit/why-not", lead_id=cold, sequence_id=sequence).json

    assert (answer["reason"], answer["waits_for"]["reason"]) == ("pending", "scheduled")
    assert answer["story"].startswith("step 2 is pending")


def test_why_not_says_what_she_lacks_who_may_enter_again(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """She had it once as a prospect of B1, has the trigger again, and is neither any more."""
    given.device(operator)
    cold = given.lead(operator, 1, triggers=["COLD"], niche=["B1"])
    sequence = given.sequence(operator, reentry="always", niche=["B1"], target_status="prospect")
    runners.enrolls(container)
    operator.patch(f"/leads/{cold}", {"niche": ["B12"], "target_status": "customer"})
    operator.post(f"/leads/{cold}/triggers", {"trigger": "COLD"})
    runners.enrolls(container)

    def why_not() -> tuple[str, list[str], list[str]]:
        answer = operator.get("/audit/why-not", lead_id=cold, sequence_id=sequence).json
        return answer["reason"], answer["wanted"], answer["had"]

    assert why_not() == ("niche", ["B1"], ["B12"])
    operator.patch(f"/leads/{cold}", {"niche": ["B1"]})
    assert why_not() == ("target_status", ["prospect"], ["customer"])
    operator.patch(f"/leads/{cold}", {"target_status": "prospect"})
    assert why_not()[0] == "pending"

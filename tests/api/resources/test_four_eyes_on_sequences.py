"""What a sequence says, and to whom, is approved by another one than who wrote it."""

from __future__ import annotations

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as on_the_house
from tests.support import then
from tests.support.api import given, when
from tests.support.api.client import Client


@pytest.fixture(autouse=True)
def four_eyes(container: Container) -> None:
    on_the_house.settings(container, approval="four-eyes")


@pytest.fixture
def colleague(container: Container, operator: Client) -> Client:
    return Client(operator.app, given.api_key(container, "colleague", "operator"))


def test_a_draft_is_activated_when_another_one_approved_it(
    operator: Client, colleague: Client
) -> None:
    """A later change voids the approval."""
    path = f"/sequences/{given.sequence(operator, active=False)}"
    refused = operator.post(f"{path}/activate")
    assert operator.post(f"{path}/approve").status == 403
    assert colleague.post(f"{path}/approve").json["approved_by"] == "api:colleague"
    changed = operator.patch(f"{path}/steps/1", {"body": "Another"}).json
    void = operator.post(f"{path}/activate")
    colleague.post(f"{path}/approve")

    assert (refused.status, refused.json["errors"]["state"]) == (409, "not approved")
    assert (changed["approved_by"], changed["proposals"]) == (None, [])
    assert void.status == 409
    assert operator.post(f"{path}/activate").json["status"] == "active"


@pytest.fixture
def path(operator: Client, colleague: Client) -> str:
    """An active sequence of two steps."""
    made = f"/sequences/{given.sequence(operator, active=False)}"
    colleague.post(f"{made}/approve")
    operator.post(f"{made}/activate")
    return made


def test_a_step_that_nobody_approved_goes_on_with_its_old_text(
    container: Container, clock: SimulatedClock, operator: Client, colleague: Client, path: str
) -> None:
    """The new one is sent from the approval on."""
    on_the_house.device(container)
    given.lead(operator, triggers=["COLD"])
    when.enrolls(container)
    proposed = operator.patch(f"{path}/steps/1", {"body": "New one"}).json
    operator.patch(f"{path}/steps/2", {"body": "New two"})
    clock.advance(minutes=6)
    when.broadcasts(container, clock)

    assert [step["body"] for step in proposed["steps"]] == ["One", "Two"]
    (change,) = proposed["proposals"]
    assert (change["do"], change["number"], change["by"]) == ("revise_step", 1, "api:crm")
    assert change["step"]["body"] == "New one"
    assert operator.post(f"{path}/approve").status == 403
    approved = colleague.post(f"{path}/approve").json
    assert [step["body"] for step in approved["steps"]] == ["New one", "New two"]
    assert approved["proposals"] == []
    clock.advance(days=2)
    when.broadcasts(container, clock)
    texts = [
        operator.get(f"/audit/messages/{message.message_id}").json["hand_overs"][0]["text"]
        for message in then.messages(container, status="sent")
    ]
    assert sorted(texts) == ["New two", "One"]


def test_steps_and_audience_are_proposed_too_and_nothing_else(
    administrator: Client, operator: Client, colleague: Client, path: str
) -> None:
    """Another name needs nobody; pausing never does."""
    named = operator.patch(path, {"name": "Welcome"}).json
    operator.patch(path, {"niche": ["B1"]})
    operator.post(f"{path}/steps", {"body": "Three", "delay_hours": 1})
    before = administrator.json("DELETE", f"{path}/steps/1").json
    assert operator.post(f"{path}/pause").status == 200

    after = colleague.post(f"{path}/approve").json

    assert (named["name"], named["proposals"]) == ("Welcome", [])
    assert [change["do"] for change in before["proposals"]] == ["revise", "add_step", "remove_step"]
    assert (before["niche"], len(before["steps"])) == ([], 2)
    assert (after["niche"], after["name"]) == (["B1"], "Welcome")
    assert [step["body"] for step in after["steps"]] == ["Two", "Three"]


def test_a_proposal_can_be_discarded(operator: Client, path: str) -> None:
    operator.patch(f"{path}/steps/1", {"body": "New"})
    discarded = operator.post(f"{path}/discard").json
    assert (discarded["proposals"], discarded["steps"][0]["body"]) == ([], "One")


def test_proposals_build_on_one_another(
    operator: Client, colleague: Client, administrator: Client, path: str
) -> None:
    """What was proposed before stays, and so does what was done at once."""
    operator.patch(f"{path}/steps/2", {"body": "Better"})
    operator.patch(f"{path}/steps/2", {"delay_hours": 48})
    operator.patch(path, {"niche": ["LU"]})
    operator.patch(path, {"target_status": "customer", "name": "Both"})
    operator.patch(path, {"name": "Renamed", "reentry": "always"})
    administrator.json("DELETE", f"{path}/steps/1")
    gone = operator.patch(f"{path}/steps/1", {"body": "Too late"})
    before = operator.get(path).json

    after = colleague.post(f"{path}/approve").json

    assert gone.status == 404
    assert (before["name"], before["niche"], before["target_status"]) == ("Renamed", [], "all")
    (step,) = after["steps"]
    assert (step["body"], step["delay_hours"]) == ("Better", 48)
    assert (after["niche"], after["target_status"]) == (["LU"], "customer")
    assert (after["name"], after["reentry"]) == ("Renamed", "always")


def test_what_was_not_looked_at_is_not_approved(
    operator: Client, colleague: Client, path: str
) -> None:
    """Somebody proposes another text meanwhile."""
    seen = operator.patch(f"{path}/steps/1", {"body": "Good"}).json["version"]
    operator.patch(f"{path}/steps/1", {"body": "Evil"})
    campaign = f"/campaigns/{given.campaign(operator)}"
    shown = operator.get(campaign).json["version"]
    operator.patch(campaign, {"body": "Evil"})

    refused = colleague.post(f"{path}/approve", {"version": seen})
    also = colleague.post(f"{campaign}/approve", {"version": shown})

    assert (refused.status, also.status) == (409, 409)
    assert operator.get(path).json["steps"][0]["body"] == "One"
    assert colleague.post(f"{campaign}/approve", {"version": shown + 1}).status == 200


def test_a_segment_that_a_proposal_names_is_not_deleted(
    administrator: Client, operator: Client, path: str
) -> None:
    """It could not be approved any more. The refusal names all that go by it, drafts too."""
    prospects = {"field": "target_status", "op": "eq", "value": "prospect"}
    segment = operator.create("/segments", {"name": "Prospects", "all": [prospects]})["id"]
    draft = given.campaign(operator, segment_id=segment, draft=True)
    other = given.sequence(operator, trigger="WARM", active=False, segment_id=segment)
    proposed = operator.patch(path, {"segment_id": segment}).json
    refused = administrator.json("DELETE", f"/segments/{segment}")
    operator.post(f"/campaigns/{draft}/cancel")
    administrator.open("DELETE", f"/sequences/{other}")
    proposal = administrator.json("DELETE", f"/segments/{segment}")

    operator.post(f"{path}/discard")

    assert proposed["segment_id"] is None
    assert (refused.status, refused.json["errors"]) == (409, {"state": "in_use"})
    for id_ in (f"({draft}), which is draft", f"({other}), which is draft", path[-36:]):
        assert id_ in refused.json["message"]
    assert proposal.json["message"] == (
        "cannot delete this segment: the proposed change of the sequence 'On COLD'"
        f" ({path[-36:]}), which is active, names it"
    )
    assert administrator.open("DELETE", f"/segments/{segment}").status_code == 204

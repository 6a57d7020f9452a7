"""Branches over HTTP: how they are written, refused and copied, and what is told of them."""

from __future__ import annotations

from typing import Any

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given
from tests.support.api.client import Client
from tests.support.when import Phones

REPLIED = {"when": "replied", "within_hours": 48.0, "then": 2}
SILENT = {"when": "not_replied", "within_hours": 48.0, "then": None}
TABLE = [REPLIED, SILENT]


def body(*branches: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "name": "Fork",
        "trigger": "COLD",
        "stop_on_reply": False,
        "steps": [
            {"body": "Offer", "branches": list(branches)},
            {"body": "Thanks", "delay_hours": 1},
            {"body": "Last", "delay_hours": 1},
        ],
        **changes,
    }


def test_a_table_is_kept_as_it_was_written_and_copied(operator: Client) -> None:
    """A copy of a draft whose steps were moved has the numbers of its own steps."""
    made = operator.post("/sequences", body(*TABLE)).json
    path = f"/sequences/{made['id']}"
    operator.post(f"{path}/steps", {"body": "First of all", "at": 2})
    copied = operator.post(f"{path}/copy", {}).json

    assert [step["branches"] for step in made["steps"]] == [TABLE, [], []]
    assert [step["body"] for step in copied["steps"]] == [
        "Offer",
        "First of all",
        "Thanks",
        "Last",
    ]
    assert copied["steps"][0]["branches"] == [{**REPLIED, "then": 3}, SILENT]


@pytest.mark.parametrize(
    ("branch", "field"),
    [
        ({"when": "asked"}, "steps[1].branches[1].when"),
        ({"within_hours": 0}, "steps[1].branches[1].within_hours"),
        ({"within_hours": "48"}, "steps[1].branches[1].within_hours"),
        ({"then": 1}, "steps[1].branches[1].then"),
        ({"then": 9}, "steps[1].branches[1].then"),
        ({"else": 3}, "steps[1].branches[1].else"),
    ],
)
def test_a_wrong_branch_is_named(operator: Client, branch: dict[str, Any], field: str) -> None:
    refused = operator.post("/sequences", body({**REPLIED, **branch}))

    assert refused.status == 422
    assert refused.json["message"].startswith(f"{field}: ")


def test_a_reply_cannot_both_stop_and_branch(operator: Client) -> None:
    refused = operator.post("/sequences", body(REPLIED, stop_on_reply=True))
    made = operator.post("/sequences", body(REPLIED)).json
    changed = operator.patch(f"/sequences/{made['id']}", {"stop_on_reply": True})

    assert (refused.status, changed.status) == (422, 422)
    assert "steps[1].branches[1].when" in refused.json["errors"]["json"]
    assert changed.json["message"] == (
        "stop_on_reply: expected false, because step 1 branches by a reply"
    )


@pytest.mark.parametrize("wrong", [{"then": 1}, {"then": "2"}, {"within_hours": 0}])
def test_a_field_has_one_name_in_the_body_that_was_sent(
    operator: Client, wrong: dict[str, Any]
) -> None:
    """By whoever finds it wrong: of a step that is sent by itself, of one of all steps, and in a
    question."""
    branch, field = {**REPLIED, **wrong}, f"branches[1].{next(iter(wrong))}"
    path = f"/sequences/{operator.post('/sequences', body()).json['id']}"
    whole = body(branch)

    alone = [
        operator.patch(f"{path}/steps/1", {"branches": [branch]}),
        operator.post(f"{path}/steps", {"body": "More", "at": 2, "branches": [branch]}),
    ]
    first = operator.post("/sequences", whole)
    asked = operator.post("/what-if", {"sequence": whole, "days": 1})

    named = [[each["field"] for each in answer.json["fields"]] for answer in alone]
    assert named == [[field], [field]]
    assert [each["field"] for each in first.json["fields"]] == [f"steps[1].{field}"]
    assert [each["field"] for each in asked.json["fields"]] == [f"sequence.steps[1].{field}"]


def test_a_draft_may_be_changed_and_later_only_its_texts(
    operator: Client, administrator: Client
) -> None:
    """What would plan anew is refused: somebody may be under way, and what was decided stays."""
    given.device(operator)
    made = operator.post("/sequences", body(*TABLE)).json
    path = f"/sequences/{made['id']}"
    first = f"{path}/steps/1"
    named = administrator.json("DELETE", f"{path}/steps/2")
    without = operator.patch(first, {"branches": []})
    again = operator.patch(first, {"branches": TABLE})
    operator.post(f"{path}/activate")

    assert (named.status, named.json["errors"]["state"]) == (409, "one with a branch that needs it")
    assert (without.json["steps"][0]["branches"], again.json["steps"][0]["branches"]) == ([], TABLE)
    assert operator.patch(first, {"body": "Offer!"}).status == 200
    for method, there, change in (
        ("patch", first, {"branches": []}),
        ("patch", first, {"delay_hours": 2}),
        ("post", f"{path}/steps", {"body": "More"}),
        ("patch", path, {"first_delay_minutes": 1}),
    ):
        refused = getattr(operator, method)(there, change)
        assert (refused.status, refused.json["message"]) == (
            409,
            "cannot change the plan of this sequence: it is active and branches, so that a copy is"
            " to be changed",
        )


def test_whoever_asks_is_told_what_waits_and_what_was_taken(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The message says by which step it is decided; its trail, which branch held."""
    given.device(operator)
    lead = given.lead(operator, triggers=["COLD"])
    made = operator.post("/sequences", body(*TABLE)).json
    assert operator.post(f"/sequences/{made['id']}/activate").status == 200
    assert runners.enrolls(container) == 1
    broadcaster = runners.broadcaster(container, Phones(clock))
    runners.plays(clock, 3600, broadcaster)
    pending = operator.get("/messages", status="pending").json["items"]

    assert {(each["decided_by"], each["waits_for"]["reason"]) for each in pending} == {
        (1, "branch")
    }
    second = next(each["id"] for each in pending if each["step"] == 2)
    why = operator.get("/audit/why-not", lead_id=lead, sequence_id=made["id"]).json
    assert why["story"] == "step 2 is pending: it waits for what the person does after step 1"

    runners.replies(container, lead, "Yes", "wamid.in")
    runners.reaps(container)
    trail = operator.get(f"/audit/messages/{second}").json
    stories = [entry["story"] for entry in trail["entries"]]
    assert "after step 1 branch 1 held: step 2 comes next" in stories

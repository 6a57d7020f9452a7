"""/sequences that hand people over to each other: which cycles are refused, and which warned of."""

from __future__ import annotations

from typing import Any

import pytest

from domain import cycles
from projections.container import Container
from tests.support.api import then
from tests.support.api.client import Client


def hands_over(client: Client, trigger: str, to: str | None, **more: Any) -> Any:
    """The answer to a sequence of one step, and no delay unless there is one among ``more``."""
    body = {"name": trigger.title(), "trigger": trigger, "steps": [{"body": "Hi"}]}
    return client.post("/sequences", {**body, "first_delay_minutes": 0, "next_trigger": to, **more})


def test_a_cycle_without_any_delay_is_refused_by_whoever_closes_it(
    container: Container, administrator: Client
) -> None:
    """When it is defined, and when a change takes the last delay or the last end away."""
    cold = hands_over(administrator, "COLD", "WARM").json["id"]
    refused = hands_over(administrator, "warm", "Cold")
    slow = hands_over(administrator, "WARM", "COLD", first_delay_minutes=1)
    end = hands_over(administrator, "HOT", None).json["id"]
    administrator.post(
        "/sequences", {**_plain("WARM"), "next_trigger": "HOT", "first_delay_minutes": 0}
    )
    path = f"/sequences/{slow.json['id']}"
    administrator.post(f"{path}/steps", {"body": "Two", "delay_hours": 2})
    logged = len(then.topics(container))

    answers = [
        administrator.patch(
            path, {"first_delay_minutes": 0}
        ),  # there is the delay of its second step yet
        administrator.json("DELETE", f"{path}/steps/2"),
        administrator.patch(f"{path}/steps/2", {"delay_hours": 0}),
        administrator.patch(f"{path}/steps/2", {"body": "A text is no matter"}),
        administrator.patch(f"/sequences/{end}", {"next_trigger": "COLD"}),
        administrator.post(f"/sequences/{cold}/activate"),
    ]

    assert (refused.status, [*refused.json["errors"]["json"]]) == (409, ["next_trigger"])
    assert "'warm' -> 'Cold' -> 'warm'" in refused.json["message"].replace("Warm", "warm")
    assert slow.status == 201
    assert [answer.status for answer in answers] == [200, 409, 409, 200, 409, 200]
    assert len(then.topics(container)) == logged + 3


def test_a_cycle_of_before_is_no_reason_to_refuse_a_text(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier version let it in. What changes nothing of it is accepted."""
    with monkeypatch.context() as before:
        before.setattr(cycles, "refuse", lambda *_: None)
        path = f"/sequences/{hands_over(operator, 'COLD', 'COLD').json['id']}"

    answers = [
        operator.patch(f"{path}/steps/1", {"body": "Other"}),
        operator.patch(path, {"name": "Other", "niche": ["B1"]}),
        operator.post(f"{path}/activate"),
        operator.patch(path, {"next_trigger": None}),
    ]

    assert [answer.status for answer in answers] == [200, 200, 409, 200]


def _plain(trigger: str) -> dict[str, Any]:
    return {"name": f"Plain {trigger}", "trigger": trigger, "steps": [{"body": "Hi"}]}


def test_a_cycle_with_a_delay_is_in_the_warnings(administrator: Client) -> None:
    """When it is defined, activated, copied or changed; not of those that only lead into it."""
    cold = hands_over(administrator, "COLD", "WARM", first_delay_minutes=5)
    warm = hands_over(administrator, "WARM", "COLD")
    path = f"/sequences/{warm.json['id']}"
    answers = [
        warm,
        administrator.post(f"{path}/activate"),
        administrator.patch(path, {"name": "Warmer"}),
        administrator.post(f"{path}/copy"),
    ]

    assert (cold.json["warnings"], warm.status) == ([], 201)
    assert [len(answer.json["warnings"]) for answer in answers] == [1, 1, 1, 1]
    assert "'Warm' -> 'Cold' -> 'Warm'" in warm.json["warnings"][0]
    assert hands_over(administrator, "HOT", "WARM").json["warnings"] == []
    administrator.post(f"/sequences/{cold.json['id']}/activate")
    administrator.post(
        f"/sequences/{cold.json['id']}/stop"
    )  # whoever is inactive hands nobody over
    administrator.post(f"{path}/pause")
    assert administrator.patch(path, {"first_delay_minutes": 0}).json["warnings"] == []


def test_one_that_leads_back_into_itself_is_a_cycle_too(administrator: Client) -> None:
    """Once in a life it is a delay that a person waits for, and else nothing at all."""
    assert hands_over(administrator, "COLD", "COLD").status == 409
    assert (
        len(hands_over(administrator, "COLD", "COLD", first_delay_minutes=9).json["warnings"]) == 1
    )

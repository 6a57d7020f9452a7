"""What campaigns and steps may say: refused where it is written, by the name of its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import given
from tests.support.api.client import Client, fields

REFUSED = ["{{name}}", "Hi {a|b|c}", "Hi {name", "Hi name}", "{}", "{ }", '{"a": 1}']


@pytest.mark.parametrize("body", REFUSED)
def test_what_cannot_be_a_placeholder_is_refused_wherever_it_is_written(
    operator: Client, body: str
) -> None:
    """What has two braces, {{name}}, went out as it was."""
    campaign = given.campaign(operator)
    sequence = given.sequence(operator, "One", "Two")
    when = {"name": "Sale", "scheduled_at": "2026-03-02T08:00Z"}
    steps = [{"body": "Fine"}, {"body": body}]
    template = {"name": "offer", "language": "en", "variables": ["x", body]}

    answers = [
        operator.post("/campaigns", {**when, "body": body}),
        operator.post("/campaigns", {**when, "body": "Hi", "template": template}),
        operator.patch(f"/campaigns/{campaign}", {"body": body}),
        operator.post("/sequences", {"name": "S", "trigger": "T", "steps": steps}),
        operator.patch(f"/sequences/{sequence}/steps/2", {"body": body}),
    ]

    assert [list(answer.json["errors"]["json"]) for answer in answers] == [
        ["body"],
        ["template.variables[2]"],
        ["body"],
        ["steps[2].body"],
        ["body"],
    ]
    assert all("placeholders such as {name}" in answer.json["message"] for answer in answers)


def test_a_template_comes_back_as_it_was_given(operator: Client) -> None:
    """By name or in order, with header and buttons, for campaigns and for steps."""
    template: dict[str, Any] = {
        "name": "offer",
        "language": "en_US",
        "variables": {"customer": "{name|there}"},
        "header": {"kind": "document", "url": "https://example.com/a.pdf"},
        "buttons": {"1": "{order}"},
    }
    ordered = {"name": "offer", "language": "ms", "variables": ["{name}"]}

    campaign = given.campaign(operator, template=template)
    made = operator.create(
        "/sequences",
        {"name": "S", "trigger": "T", "steps": [{"body": "Hi", "template": ordered}]},
    )

    assert operator.get(f"/campaigns/{campaign}").json["template"] == template
    assert made["steps"][0]["template"] == ordered
    assert operator.patch(f"/campaigns/{campaign}", {"template": None}).json["template"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"variables": "x"},
        {"variables": [1]},
        {"variables": {"a": None}},
        {"header": {"kind": "sound", "url": "https://a"}},
        {"header": {"url": "https://a"}},
        {"buttons": {"first": "x"}},
        {"buttons": ["x"]},
        {"footer": "x"},
    ],
)
def test_a_template_of_another_shape_is_refused(
    operator: Client, changes: dict[str, object]
) -> None:
    template = {"name": "offer", "language": "en_US", **changes}
    answer = operator.post(
        "/campaigns",
        {"name": "Sale", "scheduled_at": "2026-03-02T08:00Z", "body": "Hi", "template": template},
    )
    assert fields(answer) == ["template"]


def test_where_only_wablas_serves_a_text_may_have_1024_characters(operator: Client) -> None:
    """Nothing is cut: what nobody could get is refused where it is written."""
    wablas = given.device(operator, gateway="wablas")
    campaign = given.campaign(operator, body="x" * 1024 + "{name}")
    step = f"/sequences/{given.sequence(operator)}/steps"
    when = {"name": "Sale", "scheduled_at": "2026-03-02T08:00Z"}
    long = "x" * 1025

    answers = [
        operator.post("/campaigns", {**when, "body": long}),
        operator.patch(f"/campaigns/{campaign}", {"body": long}),
        operator.post("/sequences", {"name": "S", "trigger": "T", "steps": [{"body": long}]}),
        operator.post(step, {"body": long}),
        operator.patch(f"{step}/1", {"body": long}),
    ]

    assert [list(answer.json["errors"]["json"]) for answer in answers] == [
        ["body"],
        ["body"],
        ["steps[1].body"],
        ["body"],
        ["body"],
    ]
    given.device(operator, "Sales 2")
    assert operator.patch(f"/campaigns/{campaign}", {"body": long}).status == 200
    assert operator.post(f"/devices/{wablas}/retire").status == 200


def test_one_form_of_an_accent_is_kept_and_both_are_found(operator: Client) -> None:
    """A Mac writes é as two characters, a telephone as one."""
    apart, composed = "Cafe\u0301", "Caf\u00e9"
    given.device(operator, apart)
    lead = given.lead(operator, 1, name=apart, niche=[apart], triggers=[apart])
    campaign = given.campaign(operator, name=apart, niche=[apart])
    sequence = given.sequence(operator, trigger=apart)

    shown = operator.get(f"/leads/{lead}").json
    assert (shown["name"], shown["niche"], shown["triggers"]) == (composed, [composed], [composed])
    assert operator.get(f"/campaigns/{campaign}").json["name"] == composed
    assert operator.get(f"/campaigns/{campaign}").json["niche"] == [composed]
    assert operator.get(f"/sequences/{sequence}").json["trigger"] == composed
    assert operator.items("/devices")[0]["name"] == composed
    assert operator.get(f"/campaigns/{campaign}/preview").json["audience"] == 1
    assert operator.post(f"/leads/{lead}/triggers", {"trigger": apart}).json["triggers"] == [
        composed
    ]

"""A campaign with several texts, and people who get none to compare."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.campaign.variants import Variant, cutoffs, place
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as on_the_house
from tests.support import then
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.client import Client

VARIANTS: list[dict[str, Any]] = [
    {"name": "Short", "body": "Hi {name|there}", "share": 0.4},
    {"name": "Long", "body": "Hello {name|there}, how are you?", "share": 0.4},
]
ENDS = cutoffs([Variant(**each) for each in VARIANTS], 0.2)


def group(campaign: str, lead_id: Any) -> int:
    return place(ENDS, UUID(campaign), UUID(str(lead_id)))


def test_everybody_gets_the_text_that_the_ids_say(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Each is proven by the text that it was, and the report counts each alone."""
    on_the_house.device(container)
    leads = on_the_house.many_leads(container, 30)
    made = operator.create(
        "/campaigns",
        {
            "name": "N",
            "scheduled_at": "2026-03-02T08:00Z",
            "variants": VARIANTS,
            "hold_out": 0.2,
            "brake": None,
        },
    )
    campaign = made["id"]
    preview = operator.get(f"/campaigns/{campaign}/preview").json
    when.triggers(container)
    when.broadcasts(container, clock)
    first = then.messages(container)[0]
    clock.advance(minutes=1)
    runners.replies(container, first.lead_id, "Tell me more", "r 1")

    report = operator.get(f"/reports/campaigns/{campaign}").json
    groups = [group(campaign, row.lead_id) for row in then.table(container, "leads")]
    counts = [groups.count(n) for n in range(3)]
    assert (made["body"], made["variants"]) == (VARIANTS[0]["body"], VARIANTS)
    assert preview["excluded"] == report["excluded"] == {"hold_out": counts[2]}
    assert [each["audience"] for each in report["variants"]] == counts[:2]
    assert [each["by_status"]["sent"] for each in report["variants"]] == counts[:2]
    replied = [each["replied"] for each in report["variants"]]
    assert replied[group(campaign, first.lead_id)] == sum(replied) == 1
    assert all(low < high for low, high in (each["interval"] for each in report["variants"]))
    for message in then.messages(container):
        trail = operator.get(f"/audit/messages/{message.message_id}").json
        (dispatch,) = trail["hand_overs"]
        assert dispatch["proven"] is True
        hello = ("Hi ", "Hello ")[group(campaign, message.lead_id)]
        assert dispatch["text"].startswith(hello)
    assert len(leads) == 30

    held_out = next(
        row.lead_id for row in then.table(container, "leads") if group(campaign, row.lead_id) == 2
    )
    why = operator.get("/audit/why-not", lead_id=str(held_out), campaign_id=campaign).json
    assert why["reason"] == "hold_out"


def test_after_the_start_texts_may_change_and_groups_may_not(
    container: Container, operator: Client
) -> None:
    """So the better one can be sent to those who are left."""
    on_the_house.device(container)
    on_the_house.many_leads(container, 3)
    campaign = given.campaign(operator, body="Hi {name|there}", variants=VARIANTS, hold_out=0.2)
    when.triggers(container)
    path = f"/campaigns/{campaign}"

    same = [{**each, "body": VARIANTS[1]["body"]} for each in VARIANTS]
    other = [{**VARIANTS[0], "share": 0.3}, {**VARIANTS[1], "share": 0.5}]
    assert operator.patch(path, {"variants": same}).json["body"] == VARIANTS[1]["body"]
    assert operator.patch(path, {"variants": other}).status == 409
    assert operator.patch(path, {"hold_out": 0.1, "variants": []}).status == 409


def test_what_makes_no_sense_is_refused(operator: Client) -> None:
    good = {"name": "N", "scheduled_at": "2026-03-03T09:00Z"}
    template = {"name": "march_offer", "language": "en_US", "variables": []}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "body"),
        ({"variants": VARIANTS, "hold_out": 0.5}, "variants"),
        ({"variants": VARIANTS, "hold_out": 0.2, "template": template}, "variants"),
        ({"variants": VARIANTS, "hold_out": 0.2, "body": "Another"}, "body"),
    ]
    answers = [operator.post("/campaigns", {**good, **fields}) for fields, _ in wrong]
    assert [answer.status for answer in answers] == [422] * 4
    assert [list(answer.json["errors"]["json"]) for answer in answers] == [[f] for _, f in wrong]

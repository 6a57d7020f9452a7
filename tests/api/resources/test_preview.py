"""/campaigns/{id}/preview: who would get it, who would not and why, and until when it takes."""

from __future__ import annotations

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, then, when
from tests.support.api.client import Client


def test_a_preview_says_who_would_get_it_and_who_would_not(
    container: Container, operator: Client, viewer: Client
) -> None:
    """Before pressing the button: how many, from which number, who is left out, until when."""
    first = given.device(operator, "Sales 1", min_delay_seconds=10, max_delay_seconds=20)
    second = given.device(
        operator, "Sales 2", online=False, min_delay_seconds=60, max_delay_seconds=60
    )
    old = given.device(operator, "Old")
    for number in (1, 2, 3):
        given.lead(operator, number, niche=["b1"], device_id=first)
    given.lead(operator, 4, niche=["B1"], device_id=second)
    given.lead(operator, 5, niche=["B1"], device_id=old)
    stopped = given.lead(operator, 6, niche=["B1"])
    given.lead(operator, 7, niche=["B12"])
    given.lead(operator, 8, niche=["B1"], target_status="customer")
    operator.post(f"/devices/{old}/retire")
    operator.post(f"/leads/{stopped}/opt-out")
    campaign_id = given.campaign(
        operator,
        niche=["B1"],
        target_status="prospect",
        scheduled_at="2026-03-02T09:00Z",
        min_delay_seconds=12,
        max_delay_seconds=12,
    )
    before = then.topics(container)

    answer = viewer.get(f"/campaigns/{campaign_id}/preview")

    assert answer == (
        200,
        {
            "campaign_id": campaign_id,
            "status": "pending",
            "audience": 5,
            "excluded": {"opted_out": 1},
            "by_status": {},
            "devices": [
                {
                    "device_id": first,
                    "name": "Sales 1",
                    "status": "online",
                    # One of them for the lead whose own number is retired.
                    "messages": 4,
                    "waiting": 0,
                    # Between 12 and 20 seconds apart, 16 on average: three pauses.
                    "finishes_at": "2026-03-02T09:00:48+00:00",
                },
                {
                    "device_id": second,
                    "name": "Sales 2",
                    "status": "offline",
                    "messages": 1,
                    "waiting": 0,
                    "finishes_at": None,
                },
            ],
            "finishes_at": None,
            "not_before": "not before Sales 2 is back",
            "samples": answer.json["samples"],
            "warnings": [],
            "whole": True,
        },
    )
    assert [sample["text"] for sample in answer.json["samples"]] == ["Hello there"] * 5
    assert then.topics(container) == before


def test_a_preview_is_what_then_happens(container: Container, operator: Client) -> None:
    """The campaigner goes by the same rules."""
    given.device(operator, "Sales 1")
    given.device(operator, "Sales 2")
    for number in range(1, 31):
        given.lead(operator, number, niche=[f"B{number % 3}"])
    out = given.lead(operator, 31, niche=["B1"])
    operator.post(f"/leads/{out}/opt-out")
    campaign_id = given.campaign(operator, niche=["B1", "b2"])
    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    when.triggers(container)

    messages = operator.items("/messages")
    report = operator.get(f"/reports/campaigns/{campaign_id}").json
    assert (preview["audience"], preview["excluded"]) == (20, {"opted_out": 1})
    assert (report["audience"], report["excluded"]) == (20, {"opted_out": 1})
    assert {share["device_id"]: share["messages"] for share in preview["devices"]} == {
        share["device_id"]: sum(m["device_id"] == share["device_id"] for m in messages)
        for share in preview["devices"]
    }


def test_without_a_device_nobody_would_get_it(operator: Client) -> None:
    """A new installation: the reason is there before anything goes wrong."""
    given.lead(operator, 1)
    given.lead(operator, 2)
    campaign_id = given.campaign(operator, target_status="prospect")

    assert operator.get(f"/campaigns/{campaign_id}/preview") == (
        200,
        {
            "campaign_id": campaign_id,
            "status": "pending",
            "audience": 0,
            "excluded": {"no_device": 2},
            "by_status": {},
            "devices": [],
            "finishes_at": None,
            "not_before": None,
            "samples": [],
            "warnings": [],
            "whole": True,
        },
    )


def test_a_daily_limit_and_what_waits_already_move_the_end(
    container: Container, operator: Client
) -> None:
    """Two a day in Kuala Lumpur, and two are waiting: five more take until Thursday there."""
    given.device(operator, daily_limit=2, timezone="Asia/Kuala_Lumpur")
    given.lead(operator, 1, niche=["first"])
    given.lead(operator, 2, niche=["first"])
    given.campaign(operator, niche=["first"])
    when.triggers(container)
    for number in range(3, 8):
        given.lead(operator, number, niche=["second"])
    campaign_id = given.campaign(operator, niche=["second"])

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    (share,) = preview["devices"]
    assert (share["messages"], share["waiting"]) == (5, 2)
    # Monday 2, Tuesday 2, Wednesday 2, and the seventh as Thursday begins.
    assert preview["finishes_at"] == "2026-03-04T16:00:00+00:00"


def test_what_a_device_sent_today_counts_against_its_limit(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The limit is used up this morning: the last message cannot leave before tomorrow."""
    given.device(operator, daily_limit=2)
    given.lead(operator, 1, niche=["first"])
    given.lead(operator, 2, niche=["first"])
    given.campaign(operator, niche=["first"])
    when.triggers(container)
    when.broadcasts(container, clock)
    given.lead(operator, 3, niche=["second"])
    campaign_id = given.campaign(operator, niche=["second"])

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    assert preview["finishes_at"] == "2026-03-03T00:00:00+00:00"


def test_the_end_of_time_does_no_harm(operator: Client) -> None:
    """Somebody types a year too many: the preview answers all the same."""
    given.device(operator)
    given.lead(operator)
    window = {"weekdays": [1], "start": "00:00", "end": "01:00"}
    campaign_id = given.campaign(
        operator,
        scheduled_at="9999-12-31T23:59:59Z",
        undo_seconds=86_400,
        expires_after_hours=8000,
        windows=[window],
    )

    status, preview = operator.get(f"/campaigns/{campaign_id}/preview")

    assert (status, preview.get("audience")) == (200, 1)

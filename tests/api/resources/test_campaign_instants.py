"""/campaigns: how the instant of a campaign may be said."""

from __future__ import annotations

from tests.support.api.client import Client, fields


def test_an_instant_may_be_said_in_several_ways(operator: Client) -> None:
    """With an offset, with a zone's name after it or in brackets, or with the zone beside it."""
    nine = [
        {"scheduled_at": "2026-03-03T01:00Z"},
        {"scheduled_at": "2026-03-03 09:00:00.000+08:00"},
        {"scheduled_at": "2026-03-03T09:00 Asia/Kuala_Lumpur"},
        {"scheduled_at": "2026-03-03T09:00[Asia/Kuala_Lumpur]"},
        {"scheduled_at": "2026-03-03T09:00", "timezone": "Asia/Kuala_Lumpur"},
        {"scheduled_at": "2026-03-03T09:00+08:00", "timezone": "Asia/Singapore"},
        # UTC says when it is, and the zone where people are.
        {"scheduled_at": "2026-03-03T01:00Z", "timezone": "Europe/Berlin"},
    ]

    made = [operator.create("/campaigns", {"name": "N", "body": "B", **said}) for said in nine]

    assert [campaign["scheduled_at"] for campaign in made] == ["2026-03-03T01:00:00+00:00"] * 7


def test_clock_changes_do_not_move_a_campaign(operator: Client) -> None:
    """Nine in New York is another instant in summer; an hour that is skipped moves forward."""
    said = ["2026-03-07T09:00", "2026-03-08T02:30", "2026-03-09T09:00", "2026-11-01T01:30"]

    made = [
        operator.create(
            "/campaigns", {"name": "N", "body": "B", "scheduled_at": f"{at} America/New_York"}
        )
        for at in said
    ]

    assert [campaign["scheduled_at"] for campaign in made] == [
        "2026-03-07T14:00:00+00:00",
        "2026-03-08T07:30:00+00:00",
        "2026-03-09T13:00:00+00:00",
        "2026-11-01T05:30:00+00:00",
    ]


def test_another_time_or_zone_of_a_campaign_may_be_said_alone(operator: Client) -> None:
    """What is not said stays: the time on the wall, or whose wall that is."""
    made = operator.create(
        "/campaigns",
        {"name": "N", "body": "B", "scheduled_at": "2026-03-04T09:00", "timezone": "recipient"},
    )
    path = f"/campaigns/{made['id']}"

    later = operator.patch(path, {"scheduled_at": "2026-03-04T10:00"}).json
    text = operator.patch(path, {"body": "C"}).json
    fixed = operator.patch(path, {"timezone": "Asia/Kuala_Lumpur"}).json
    earlier = operator.patch(path, {"scheduled_at": "2026-03-04T08:00"}).json
    elsewhere = operator.patch(path, {"timezone": "Europe/Berlin"}).json
    nowhere = operator.patch(path, {"timezone": "recipient"})

    assert (later["timezone"], later["local_time"]) == ("recipient", "2026-03-04T10:00")
    assert (text["timezone"], text["local_time"]) == ("recipient", "2026-03-04T10:00")
    assert fixed["scheduled_at"] == "2026-03-04T02:00:00+00:00"
    assert (fixed["timezone"], fixed["local_time"]) == ("Asia/Kuala_Lumpur", None)
    assert earlier["scheduled_at"] == "2026-03-04T00:00:00+00:00"
    # An instant stays what it is; the zone is for its windows.
    assert elsewhere["scheduled_at"] == "2026-03-04T00:00:00+00:00"
    assert (nowhere.status, fields(nowhere)) == (422, ["scheduled_at"])


def test_the_time_of_a_draft_is_cleared_and_that_of_a_plan_is_not(operator: Client) -> None:
    """A time of recipients goes whole; the zone stays unless another is said."""
    plan = {"name": "N", "body": "B", "scheduled_at": "2026-03-04T09:00"}
    drafts = [
        operator.create("/campaigns", {**plan, "draft": True, "timezone": zone})
        for zone in ("recipient", "Asia/Kuala_Lumpur")
    ]
    cleared = [
        operator.patch(f"/campaigns/{draft['id']}", {"scheduled_at": None}).json for draft in drafts
    ]
    planned = operator.create("/campaigns", {**plan, "timezone": "Asia/Kuala_Lumpur"})
    refused = operator.patch(f"/campaigns/{planned['id']}", {"scheduled_at": None})
    whose = {"scheduled_at": None, "timezone": "recipient"}

    times = [(each["scheduled_at"], each["local_time"], each["timezone"]) for each in cleared]
    assert times == [(None, None, None), (None, None, "Asia/Kuala_Lumpur")]
    assert (refused.status, fields(refused)) == (422, ["scheduled_at"])
    assert fields(operator.patch(f"/campaigns/{drafts[0]['id']}", whose)) == ["scheduled_at"]

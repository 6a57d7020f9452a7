"""/campaigns: one message to everybody who matches, at an instant."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY


def test_a_campaign_is_scheduled_with_everything(operator: Client) -> None:
    """An offer to one niche's customers, at nine in the morning in Kuala Lumpur."""
    status, campaign = operator.post(
        "/campaigns",
        {
            "name": "March offer",
            "niche": ["B1", "b1", "B2"],
            "target_status": "customer",
            "body": "Hello {name|there}",
            "media_url": "https://example.org/a.jpg",
            "template": {"name": "march_offer", "language": "en_US", "variables": ["{name|there}"]},
            "scheduled_at": "2026-03-03T09:00:00+08:00",
            "min_delay_seconds": 10,
            "max_delay_seconds": 20,
            "expires_after_hours": 12,
        },
    )

    assert status == 201
    assert campaign == {
        "id": campaign["id"],
        "name": "March offer",
        "niche": ["B1", "B2"],
        "target_status": "customer",
        "body": "Hello {name|there}",
        "media_url": "https://example.org/a.jpg",
        "template": {"name": "march_offer", "language": "en_US", "variables": ["{name|there}"]},
        "scheduled_at": "2026-03-03T01:00:00+00:00",
        "min_delay_seconds": 10.0,
        "max_delay_seconds": 20.0,
        "expires_after_hours": 12.0,
        "windows": [],
        "timezone": None,
        "local_time": None,
        "ignore_cap": False,
        "device_ids": [],
        "undo_seconds": 0.0,
        "undo_until": None,
        "brake": {"opt_outs": 0.05, "failures": 0.2, "at_least": 50},
        "braked": None,
        "variants": [],
        "hold_out": 0.0,
        "made_by": "api:crm",
        "changed_by": "api:crm",
        "awaits_approval": False,
        "approved": None,
        "segment_id": None,
        "requires_consent": None,
        "segment": None,
        "status": "pending",
        "triggered_at": None,
        "audience": 0,
        "excluded": {},
        "version": 1,
    }
    assert operator.get(f"/campaigns/{campaign['id']}") == (200, campaign)
    assert operator.items("/campaigns") == [campaign]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"color": "red"}, "color"),
    ({"status": "triggered"}, "status"),
    ({"name": ""}, "name"),
    ({"name": "N" * 201}, "name"),
    ({"name": 7}, "name"),
    ({"body": ""}, "body"),
    ({"body": " \n"}, "body"),
    ({"body": "B" * 4097}, "body"),
    ({"body": "B\0"}, "body"),
    ({"body": None}, "body"),
    ({"media_url": "javascript:alert(1)"}, "media_url"),
    ({"media_url": "https://example.org/" + "a" * 2000}, "media_url"),
    ({"niche": "B1"}, "niche"),
    ({"niche": ["B1,B2"]}, "niche"),
    ({"target_status": "everybody"}, "target_status"),
    ({"scheduled_at": "2026-03-03T09:00"}, "scheduled_at"),
    ({"scheduled_at": "2026-03-03"}, "scheduled_at"),
    ({"scheduled_at": "tomorrow"}, "scheduled_at"),
    ({"scheduled_at": ""}, "scheduled_at"),
    ({"scheduled_at": None}, "scheduled_at"),
    ({"scheduled_at": 1772500000}, "scheduled_at"),
    ({"scheduled_at": "2026-02-30T09:00Z"}, "scheduled_at"),
    ({"scheduled_at": "2026-03-03T09:00 Mars/Olympus"}, "scheduled_at"),
    ({"scheduled_at": "2026-03-03T09:00+08:00[Europe/Berlin]"}, "scheduled_at"),
    ({"scheduled_at": "2026-03-03T09:00+08:00", "timezone": "Europe/Berlin"}, "scheduled_at"),
    ({"scheduled_at": "2026-03-03T09:00 localtime"}, "scheduled_at"),
    ({"scheduled_at": "2026-03-03T09:00", "timezone": "localtime"}, "timezone"),
    ({"scheduled_at": "2026-03-03T09:00Z", "timezone": "recipient"}, "scheduled_at"),
    ({"scheduled_at": "0226-03-03T09:00", "timezone": "recipient"}, "scheduled_at"),
    ({"scheduled_at": "9999-12-31T23:59", "timezone": "recipient"}, "scheduled_at"),
    ({"windows": [{"weekdays": [8]}]}, "windows"),
    ({"windows": [{"start": "10:00", "end": "10:00"}]}, "windows"),
    ({"scheduled_at": "0001-01-01T00:00+14:00"}, "scheduled_at"),
    ({"scheduled_at": "2026-03-03T09:00", "timezone": "Mars/Olympus"}, "timezone"),
    ({"min_delay_seconds": -1}, "min_delay_seconds"),
    ({"min_delay_seconds": "10"}, "min_delay_seconds"),
    ({"max_delay_seconds": 86_401}, "max_delay_seconds"),
    ({"min_delay_seconds": 20, "max_delay_seconds": 10}, "max_delay_seconds"),
    ({"expires_after_hours": 0}, "expires_after_hours"),
    ({"expires_after_hours": -1}, "expires_after_hours"),
    ({"expires_after_hours": "12"}, "expires_after_hours"),
    ({"expires_after_hours": 8785}, "expires_after_hours"),
]


def test_a_bad_campaign_is_refused_and_the_field_is_named(
    container: Container, operator: Client
) -> None:
    """A time without a zone is no instant, and nothing is guessed."""
    good = {"name": "N", "body": "B", "scheduled_at": "2026-03-03T09:00+08:00"}

    answers = [operator.post("/campaigns", {**good, **change}) for change, _ in BAD]

    assert [fields(answer) for answer in answers] == [[field] for _, field in BAD]
    assert fields(operator.post("/campaigns", {})) == ["body", "name", "scheduled_at"]
    assert then.topics(container) == []


def test_a_change_keeps_what_is_not_given(operator: Client) -> None:
    """Another text, another instant, and everything else as it was."""
    campaign_id = given.campaign(
        operator,
        niche=["B1"],
        target_status="customer",
        media_url="https://example.org/a.jpg",
        min_delay_seconds=10,
        max_delay_seconds=20,
        expires_after_hours=12,
    )
    path = f"/campaigns/{campaign_id}"
    before = operator.get(path).json

    said = operator.patch(path, {"body": "Hi {name|there}"})
    moved = operator.patch(path, {"scheduled_at": "2026-03-04T09:00", "timezone": "Europe/Berlin"})
    slowed = operator.patch(path, {"min_delay_seconds": 30, "expires_after_hours": None})
    nothing = operator.patch(path, {})

    assert said == (200, {**before, "body": "Hi {name|there}", "version": 2})
    assert moved == (
        200,
        {
            **said.json,
            "scheduled_at": "2026-03-04T08:00:00+00:00",
            "timezone": "Europe/Berlin",
            "version": 3,
        },
    )
    assert slowed == (
        200,
        {
            **moved.json,
            "min_delay_seconds": 30.0,
            "max_delay_seconds": 30.0,
            "expires_after_hours": None,
            "version": 4,
        },
    )
    assert nothing == slowed


def test_a_bad_change_is_refused_and_changes_nothing(operator: Client) -> None:
    """Also where the fault is only in what the change and the campaign make together."""
    campaign_id = given.campaign(operator, min_delay_seconds=10, max_delay_seconds=20)
    path = f"/campaigns/{campaign_id}"
    before = operator.get(path)
    bad: list[tuple[Any, str]] = [
        ({"color": "red"}, "color"),
        ({"name": None}, "name"),
        ({"body": ""}, "body"),
        ({"scheduled_at": "2026-03-04T09:00"}, "scheduled_at"),
        ({"scheduled_at": None}, "scheduled_at"),
        ({"max_delay_seconds": 5}, "max_delay_seconds"),
        ({"target_status": "vip"}, "target_status"),
    ]

    answers = [operator.patch(path, {"niche": ["B9"], **body}) for body, _ in bad]

    assert [fields(answer) for answer in answers] == [[field] for _, field in bad]
    assert operator.get(path) == before


def test_after_the_start_only_text_and_pace_can_change(
    container: Container, operator: Client
) -> None:
    """Who gets it is settled, what it says is not: the refusal names the state it is in."""
    given.device(operator)
    given.lead(operator)
    campaign_id = given.campaign(operator)
    when.triggers(container)
    path = f"/campaigns/{campaign_id}"

    said = operator.patch(path, {"body": "Hi", "min_delay_seconds": 5})
    refused = [
        operator.patch(path, {"niche": ["B1"]}),
        operator.patch(path, {"target_status": "customer"}),
        operator.patch(path, {"scheduled_at": "2026-03-04T09:00Z"}),
        operator.patch(path, {"expires_after_hours": 1}),
    ]

    assert (said.status, said.json["body"], said.json["audience"]) == (200, "Hi", 1)
    assert [(a.status, a.json["errors"]) for a in refused] == [(409, {"state": "triggered"})] * 4


def test_pausing_holds_every_message_and_resuming_frees_them(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The offer has a wrong price in it, and somebody notices in time."""
    given.device(operator)
    given.lead(operator)
    campaign_id = given.campaign(operator)
    when.triggers(container)

    paused = operator.post(f"/campaigns/{campaign_id}/pause")
    when.broadcasts(container, clock)
    held = [(m["status"], m["due_at"]) for m in operator.items("/messages")]
    resumed = operator.post(f"/campaigns/{campaign_id}/resume")
    when.broadcasts(container, clock)

    assert (paused.json["status"], resumed.json["status"]) == ("paused", "triggered")
    assert held == [("pending", None)]
    assert [m["status"] for m in operator.items("/messages")] == ["sent"]


def test_cancelling_is_for_good(container: Container, operator: Client) -> None:
    """What is pending is cancelled with the reason, and nothing can be done to it any more."""
    given.device(operator)
    given.lead(operator)
    campaign_id = given.campaign(operator)
    when.triggers(container)
    path = f"/campaigns/{campaign_id}"

    cancelled = operator.post(f"{path}/cancel")
    when.reaps(container)
    refused = [operator.post(f"{path}/{action}") for action in ("pause", "resume", "cancel")]
    refused.append(operator.patch(path, {"body": "Hi"}))

    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert [(m["status"], m["reason"]) for m in operator.items("/messages")] == [
        ("cancelled", "campaign_cancelled")
    ]
    assert [(a.status, a.json["errors"]) for a in refused] == [(409, {"state": "cancelled"})] * 4


def test_what_is_not_paused_cannot_be_resumed(operator: Client) -> None:
    """Nor paused twice; the answer says what it is."""
    path = f"/campaigns/{given.campaign(operator)}"

    answers = [operator.post(f"{path}/{action}") for action in ("resume", "pause", "pause")]

    assert [answer.status for answer in answers] == [409, 200, 409]
    assert answers[0].json == {
        "code": 409,
        "status": "Conflict",
        "message": "cannot resume this campaign: it is pending",
        "errors": {"state": "pending"},
    }
    assert answers[2].json["errors"] == {"state": "paused"}


def test_an_unknown_campaign_is_not_found(operator: Client) -> None:
    """Whatever is asked of it."""
    path = f"/campaigns/{NOBODY}"
    answers = [
        operator.get(path),
        operator.get(f"{path}/preview"),
        operator.patch(path, {"body": "Hi"}),
        *(operator.post(f"{path}/{action}") for action in ("pause", "resume", "cancel")),
    ]

    unknown = {"code": 404, "status": "Not Found", "message": f"no campaign {NOBODY}"}
    assert answers == [(404, unknown)] * 6

"""/reports: counts that always add up."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, when
from tests.support.api.client import Client
from tests.support.api.given import NOBODY

ZEROS = dict.fromkeys(
    ("pending", "processing", "queued", "sent", "failed", "unknown", "cancelled"), 0
)


def _campaign_with_every_outcome(
    container: Container, clock: SimulatedClock, client: Client
) -> str:
    """Seven leads match: two get it, one is not on WhatsApp, one gateway is silent, one device is
    offline, one message is cancelled by hand, and one person has opted out."""
    works = given.device(client, "1 works", settings={"receipts": True, "replies": 1})
    fails = given.device(client, "2 fails", settings={"fail_rate": 1})
    silent = given.device(client, "3 silent", settings={"timeout_rate": 1})
    offline = given.device(client, "4 offline", online=False)
    for number, device_id in enumerate((works, works, fails, silent, offline, offline), start=1):
        given.lead(client, number, device_id=device_id)
    client.post(f"/leads/{given.lead(client, 7)}/opt-out")
    campaign_id = given.campaign(client)
    when.triggers(container)
    unwanted = client.items("/messages", device_id=offline)[0]
    client.post(f"/messages/{unwanted['id']}/cancel")
    when.broadcasts(container, clock)
    return campaign_id


def test_a_campaign_report_counts_every_outcome(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """What became of the March offer; the statuses add up to the audience."""
    campaign_id = _campaign_with_every_outcome(container, clock, operator)

    status, report = viewer.get(f"/reports/campaigns/{campaign_id}")
    assert status == 200
    # Whether a message was read, and what is replied, the sandbox decides by its id.
    assert report.pop("read") in (0, 1, 2)
    assert report.pop("opted_out") in (0, 1, 2)
    assert report == {
        "campaign_id": campaign_id,
        "name": "March offer",
        "status": "triggered",
        "audience": 6,
        "by_status": {
            "pending": 1,
            "processing": 0,
            "queued": 0,
            "sent": 2,
            "failed": 1,
            "unknown": 1,
            "cancelled": 1,
        },
        "excluded": {"opted_out": 1},
        "variants": [],
        "failures": {"not_on_whatsapp": 1},
        "cancelled": {"operator": 1},
        "delivered": 2,
        "replied": 2,
    }


def test_a_new_campaign_has_a_report_of_zeros(operator: Client) -> None:
    """Before it starts there is nothing to count, and every status is there all the same."""
    campaign_id = given.campaign(operator)

    assert operator.get(f"/reports/campaigns/{campaign_id}") == (
        200,
        {
            "campaign_id": campaign_id,
            "name": "March offer",
            "status": "pending",
            "audience": 0,
            "by_status": ZEROS,
            "excluded": {},
            "variants": [],
            "failures": {},
            "cancelled": {},
            "delivered": 0,
            "read": 0,
            "replied": 0,
            "opted_out": 0,
        },
    )


def test_counts_add_up_after_every_change(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Retry, resolve and cancel move messages from one count to another, and lose none."""
    campaign_id = _campaign_with_every_outcome(container, clock, operator)
    path = f"/reports/campaigns/{campaign_id}"
    reports = [operator.get(path).json]

    for status, action, body in (
        ("failed", "retry", None),
        ("unknown", "resolve", {"resolution": "failed", "reason": "never came"}),
        ("pending", "cancel", None),
        ("pending", "cancel", None),
    ):
        message = operator.items("/messages", status=status)[0]
        assert operator.post(f"/messages/{message['id']}/{action}", body).status == 200
        reports.append(operator.get(path).json)

    assert [report["audience"] for report in reports] == [6] * 5
    assert [sum(report["by_status"].values()) for report in reports] == [6] * 5
    assert [_counts(report) for report in reports] == [
        {"pending": 1, "sent": 2, "failed": 1, "unknown": 1, "cancelled": 1},
        {"pending": 2, "sent": 2, "unknown": 1, "cancelled": 1},
        {"pending": 2, "sent": 2, "failed": 1, "cancelled": 1},
        {"pending": 1, "sent": 2, "failed": 1, "cancelled": 2},
        {"sent": 2, "failed": 1, "cancelled": 3},
    ]
    assert [report["failures"] for report in reports] == [
        {"not_on_whatsapp": 1},
        {},
        {"never came": 1},
        {"never came": 1},
        {"never came": 1},
    ]


def _counts(report: Any) -> dict[str, int]:
    return {status: count for status, count in report["by_status"].items() if count}


def test_a_sequence_report_is_a_funnel(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Three entered; one opts out after the first text, and an operator takes out the last text of
    another."""
    given.device(operator)
    leads = [given.lead(operator, number, triggers=["COLD"]) for number in (1, 2, 3)]
    sequence_id = given.sequence(operator, "One", "Two")
    when.enrolls(container)
    clock.advance(minutes=6)
    when.broadcasts(container, clock)
    operator.post(f"/leads/{leads[0]}/opt-out")
    last = next(m for m in operator.items("/messages", lead_id=leads[1]) if m["step"] == 2)
    operator.post(f"/messages/{last['id']}/cancel")
    when.reaps(container)

    report = operator.get(f"/reports/sequences/{sequence_id}")

    marks = dict.fromkeys(("delivered", "read", "replied", "opted_out"), 0)
    nothing: dict[str, Any] = {"failures": {}, **marks, "removed": False}
    assert report == (
        200,
        {
            "sequence_id": sequence_id,
            "name": "On COLD",
            "status": "active",
            "enrollments": {"active": 1, "completed": 0, "stopped": 2},
            "stopped_because": {"operator": 1, "opted_out": 1},
            "steps": [
                {
                    **nothing,
                    "step": 1,
                    "audience": 3,
                    "by_status": {**ZEROS, "sent": 3},
                    "cancelled": {},
                },
                {
                    **nothing,
                    "step": 2,
                    "audience": 3,
                    "by_status": {**ZEROS, "pending": 1, "cancelled": 2},
                    "cancelled": {"operator": 1, "opted_out": 1},
                },
            ],
        },
    )


def test_a_device_report_goes_by_the_devices_own_days(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """At 20:00 in UTC it is the next day in Kuala Lumpur; retired devices stay in the report."""
    first = given.device(operator, "Sales 1", timezone="Asia/Kuala_Lumpur")
    second = given.device(operator, "Sales 2", settings={"fail_rate": 1})
    old = given.device(operator, "Old")
    operator.post(f"/devices/{old}/retire")
    given.lead(operator, 1, device_id=first)
    given.lead(operator, 2, device_id=second)
    for hour in ("08:00", "20:00"):
        given.campaign(operator, scheduled_at=f"2026-03-02T{hour}Z")
        clock.advance(hours=0 if hour == "08:00" else 12)
        when.triggers(container)
        when.broadcasts(container, clock)

    report = operator.get("/reports/devices")

    sent = {"claimed": 1, "sent": 1, "failed": 0, "unknown": 0}
    failed = {"claimed": 2, "sent": 0, "failed": 2, "unknown": 0}
    assert report == (
        200,
        {
            "items": [
                {"device_id": old, "name": "Old", "status": "retired", "days": []},
                {
                    "device_id": first,
                    "name": "Sales 1",
                    "status": "online",
                    "days": [{"day": "2026-03-02", **sent}, {"day": "2026-03-03", **sent}],
                },
                {
                    "device_id": second,
                    "name": "Sales 2",
                    "status": "online",
                    "days": [{"day": "2026-03-02", **failed}],
                },
            ]
        },
    )


def test_the_overview_counts_everything(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """One look at the whole installation; messages count whatever they are part of."""
    empty = viewer.get("/reports/overview")
    campaign_id = _campaign_with_every_outcome(container, clock, operator)
    given.campaign(operator)
    given.sequence(operator, active=False)
    operator.post(f"/campaigns/{campaign_id}/pause")

    overview = viewer.get("/reports/overview")

    assert empty == (
        200,
        {
            "leads": 0,
            "opted_out": 0,
            "messages": ZEROS,
            "campaigns": {},
            "sequences": {},
            "devices": {},
            "waiting": [],
            "waiting_total": 0,
        },
    )
    status, found = overview
    # The sandbox's people answer; one in ten says STOP, by the message's id.
    assert found.pop("opted_out") in (1, 2, 3)
    assert (status, found) == (
        200,
        {
            "leads": 7,
            "messages": {**ZEROS, "pending": 1, "sent": 2, "failed": 1, "unknown": 1}
            | {"cancelled": 1},
            "campaigns": {"paused": 1, "pending": 1},
            "sequences": {"draft": 1},
            "devices": {"offline": 1, "online": 3},
            "waiting": [
                {
                    "reason": "campaign_paused",
                    "until": None,
                    "device_id": None,
                    "campaign_id": campaign_id,
                    "sequence_id": None,
                    "count": 1,
                    "story": "1 waits for campaign March offer, paused",
                }
            ],
            "waiting_total": 1,
        },
    )


def test_an_unknown_report_is_not_found(viewer: Client) -> None:
    """An id of something else is unknown here too."""
    assert viewer.get(f"/reports/campaigns/{NOBODY}") == (
        404,
        {"code": 404, "status": "Not Found", "message": f"no campaign {NOBODY}"},
    )
    assert viewer.get(f"/reports/sequences/{NOBODY}") == (
        404,
        {"code": 404, "status": "Not Found", "message": f"no sequence {NOBODY}"},
    )

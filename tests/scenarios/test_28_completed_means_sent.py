"""28. "None of the five letters reached her. The list says completed, and now she gets the letters
of the next one." """

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.scenarios.days import Days
from tests.support.api import given

TEXTS = ("One", "Two", "Three", "Four", "Five")
A_WEEK_LATER = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


def two_lists(days: Days) -> tuple[str, str]:
    """Whoever is through the five letters of the first gets those of the second."""
    first = given.sequence(days.api, *TEXTS, trigger="COLD", next_trigger="WARM")
    return first, given.sequence(days.api, "Warm", trigger="WARM")


def journeys(days: Days, sequence: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many stand how, and why those were stopped that were."""
    report: dict[str, Any] = days.api.get(f"/reports/sequences/{sequence}").json
    return report["enrollments"], report["stopped_because"]


def test_who_got_none_of_five_letters_is_not_passed_on(days: Days) -> None:
    """Her number is not on WhatsApp. The one beside her got all five, and is passed on."""
    broken = given.device(days.api, "Broken", settings={"fail_rate": 1})
    sound = given.device(days.api, "Sound")
    she = given.lead(days.api, 1, triggers=["COLD"], device_id=broken)
    he = given.lead(days.api, 2, triggers=["COLD"], device_id=sound)
    first, second = two_lists(days)

    days.work_until(A_WEEK_LATER)

    hers = days.api.items("/messages", lead_id=she)
    assert sorted((m["step"], m["status"]) for m in hers) == [
        (step, "failed") for step in (1, 2, 3, 4, 5)
    ]
    (journey,) = days.api.items("/enrollments", lead_id=she)
    assert (journey["status"], journey["reason"], journey["step"]) == (
        "stopped",
        "undeliverable",
        5,
    )
    assert days.api.get(f"/leads/{she}").json["triggers"] == []
    assert {e["status"] for e in days.api.items("/enrollments", lead_id=he)} == {"completed"}
    assert journeys(days, first) == (
        {"active": 0, "completed": 1, "stopped": 1},
        {"undeliverable": 1},
    )
    assert journeys(days, second) == ({"active": 0, "completed": 1, "stopped": 0}, {})
    days.proves_itself()


def test_who_did_not_get_the_last_letter_only_may_still_get_it(days: Days) -> None:
    """The last of five failed. The operator presses Retry: it is sent, and the list still says that
    she was not through."""
    device = given.device(days.api)
    she = given.lead(days.api, triggers=["COLD"])
    first, second = two_lists(days)
    days.work_until(datetime(2026, 3, 6, 7, 0, tzinfo=UTC))
    days.api.patch(f"/devices/{device}", {"settings": {"fail_rate": 1}})
    days.work_until(A_WEEK_LATER)
    (failed,) = days.api.items("/messages", lead_id=she, status="failed")
    assert failed["step"] == 5

    days.api.patch(f"/devices/{device}", {"settings": {}})
    assert days.api.post(f"/messages/{failed['id']}/retry").status == 200
    days.work_until(datetime(2026, 3, 9, 9, 0, tzinfo=UTC))

    sent = days.api.items("/messages", lead_id=she, status="sent")
    assert sorted(message["step"] for message in sent) == [1, 2, 3, 4, 5]
    assert journeys(days, first)[1] == {"undeliverable": 1}
    assert journeys(days, second)[0] == {"active": 0, "completed": 0, "stopped": 0}
    days.proves_itself()

"""4. "Everything was down over the weekend. What was due then was never sent, and nothing said
so." """

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.scenarios.days import Days
from tests.support import then
from tests.support.api import given
from tests.support.office import Office


def test_a_campaign_of_three_days_ago_is_sent_unless_it_has_expired(office: Office) -> None:
    """Three campaigns that nobody triggered in time: one for ever, one that was good for four
    days, and one that was good for one."""
    due = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    office.device()
    office.leads(3)
    ids = [
        office.campaign(body=body, scheduled_at=due, expires_after_hours=hours)
        for body, hours in (("For ever", None), ("Four days", 96), ("One day", 24))
    ]

    office.works_until_done(gateway_timeout=30)

    texts = Counter(asked.text for asked in office.gowa.asked)
    assert texts == {"For ever": 3, "Four days": 3}
    reports = [office.api.get(f"/reports/campaigns/{campaign}").json for campaign in ids]
    assert [report["status"] for report in reports] == ["finished"] * 3
    assert [report["by_status"]["sent"] for report in reports] == [3, 3, 0]
    assert [report["by_status"]["cancelled"] for report in reports] == [0, 0, 3]
    cancelled = office.api.items("/messages", campaign_id=ids[2])
    assert {message["reason"] for message in cancelled} == {"expired"}
    office.proves_itself()


def test_what_was_half_done_when_all_went_down_goes_on_three_days_later(days: Days) -> None:
    """One message a minute: at 08:01:58 two of four are sent, the third waits for its slot in a
    process that is about to die, and a sequence has not begun."""
    given.device(days.api, min_delay_seconds=60, max_delay_seconds=60)
    for number in range(1, 5):
        given.lead(days.api, number, niche=["GYM"])
    given.lead(days.api, 5, triggers=["COLD"])
    offer = given.campaign(days.api, niche=["GYM"])
    sequence = given.sequence(days.api, "One")
    days.work_until(datetime(2026, 3, 2, 8, 1, 58, tzinfo=UTC))
    report = days.api.get(f"/reports/campaigns/{offer}").json
    assert {k: n for k, n in report["by_status"].items() if n} == {
        "sent": 2,
        "processing": 1,
        "pending": 1,
    }

    days.down_until(datetime(2026, 3, 5, 9, 0, tzinfo=UTC))
    days.work_until(datetime(2026, 3, 5, 9, 30, tzinfo=UTC))

    report = days.api.get(f"/reports/campaigns/{offer}").json
    assert (report["status"], report["by_status"]["sent"]) == ("finished", 4)
    journeys = days.api.get(f"/reports/sequences/{sequence}").json
    assert [step["by_status"]["sent"] for step in journeys["steps"]] == [1]
    sent = [message.sent_at for message in days.messages()]
    assert [f"{at:%d %H}" for at in sent] == ["02 08"] * 2 + ["05 09"] * 3
    assert then.shortest_pause(sent) >= timedelta(seconds=60)
    days.proves_itself()

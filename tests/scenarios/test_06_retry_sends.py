"""6. "I pressed Retry on the failed ones. It said OK, and nobody got anything." """

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from tests.scenarios.days import Days
from tests.support import then
from tests.support.api import given
from tests.support.gateways.fake_gowa import Behaviour
from tests.support.office import Office


def test_retrying_what_failed_really_sends_it(office: Office) -> None:
    """The provider rejected every second one. An operator retries those, some twice by mistake,
    and not what was sent."""
    office.gowa.behave = lambda asked: Behaviour("reject" if int(asked.phone) % 2 else "accept")
    office.device()
    office.leads(6)
    campaign = office.campaign()
    office.works_until_done(gateway_timeout=30)
    assert office.counts() == {"sent": 3, "failed": 3}
    failed = office.api.items("/messages", status="failed")
    assert {message["reason"] for message in failed} == {"INVALID_JID"}
    (sent, *_) = office.api.items("/messages", status="sent")

    office.gowa.behave = lambda asked: Behaviour("accept")
    answers = [office.api.post(f"/messages/{message['id']}/retry") for message in failed]
    assert [(status, answer["status"]) for status, answer in answers] == [(200, "pending")] * 3
    assert office.api.post(f"/messages/{failed[0]['id']}/retry").status == 409
    assert office.api.post(f"/messages/{sent['id']}/retry").status == 409
    office.works_until_done(gateway_timeout=30)

    assert Counter((asked.phone, asked.kind) for asked in office.gowa.asked) == {
        ("60120000001", "reject"): 1,
        ("60120000003", "reject"): 1,
        ("60120000005", "reject"): 1,
        **{(f"6012000000{number}", "accept"): 1 for number in range(1, 7)},
    }
    report = office.api.get(f"/reports/campaigns/{campaign}").json
    assert (report["by_status"]["sent"], report["failures"]) == (6, {})
    office.proves_itself()


def test_an_unknown_one_is_sent_again_when_a_person_says_so(office: Office) -> None:
    """The connection broke: nobody knows. The operator asked on the phone: one got it, the other
    did not."""
    office.gowa.behave = lambda asked: Behaviour("drop")
    office.device()
    office.leads(2)
    office.campaign()
    office.works_until_done(gateway_timeout=30)
    assert office.counts() == {"unknown": 2}
    unknown = {m["recipient_phone"]: m["id"] for m in office.api.items("/messages")}

    office.gowa.behave = lambda asked: Behaviour("accept")
    for number, resolution in ((1, "sent"), (2, "retried")):
        path = f"/messages/{unknown[given.phone(number)]}"
        assert office.api.post(f"{path}/retry").status == 409
        answer = office.api.post(f"{path}/resolve", {"resolution": resolution, "reason": "asked"})
        assert answer.status == 200
    office.works_until_done(gateway_timeout=30)

    assert office.counts() == {"sent": 2}
    assert sorted((asked.phone, asked.kind) for asked in office.gowa.asked) == [
        ("60120000001", "drop"),
        ("60120000002", "accept"),
        ("60120000002", "drop"),
    ]
    office.proves_itself()


def test_too_much_at_once_is_tried_again_with_growing_pauses_and_then_fails_visibly(
    days: Days,
) -> None:
    """The provider says "slow down" all day long; when it no longer does, Retry sends it."""
    device = given.device(days.api, settings={"throttle_rate": 1})
    given.lead(days.api)
    given.campaign(days.api)
    days.work_until(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))

    (failed,) = days.api.items("/messages")
    assert (failed["status"], failed["reason"], failed["attempt"]) == ("failed", "max_attempts", 5)
    tries = [event.timestamp for event in then.events(days.container, "message.queued")]
    waits = [event.retry_at for event in then.events(days.container, "message.deferred")]
    assert len(tries) == 5
    assert all(later >= wait for later, wait in zip(tries[1:], waits, strict=True))
    # Twice as long each time, from 30 seconds and with chance above half; the sandbox asks for 60.
    pauses = [(wait - at).total_seconds() for at, wait in zip(tries[:-1], waits, strict=True)]
    assert pauses[:2] == [60, 60]
    assert 60 <= pauses[2] <= 120
    assert 120 <= pauses[3] <= 240

    days.api.patch(f"/devices/{device}", {"settings": {}})
    assert days.api.post(f"/messages/{failed['id']}/retry").status == 200
    days.work_until(datetime(2026, 3, 2, 9, 1, tzinfo=UTC))

    (sent,) = days.api.items("/messages")
    assert (sent["status"], sent["attempt"], sent["reason"]) == ("sent", 1, None)
    assert sent["provider_id"] == f"sandbox-{sent['id']}"
    days.proves_itself()

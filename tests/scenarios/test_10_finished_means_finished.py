"""10. "It said finished, so I switched the phone off. Half of it had not been sent." """

from __future__ import annotations

import signal
from typing import Any
from uuid import UUID

import pytest

from tests.support import then
from tests.support.gateways.fake_gowa import Behaviour
from tests.support.office import Office

OPEN = ("pending", "processing", "queued")


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("pending", "claim.before_commit:1"),
        ("processing", "claim.after_commit:1"),
        ("queued", "dispatch.after_commit:1"),
    ],
)
def test_one_open_message_keeps_it_from_being_finished(
    office: Office, status: str, fault: str
) -> None:
    """Its worker is killed at a moment that leaves it so, and then the reaper looks."""
    office.device()
    office.leads(1)
    campaign = office.campaign()
    patient: dict[str, object] = {"lease_seconds": 600, "gateway_timeout": 600}
    died = office.once("campaigner", "broadcaster", **patient, fault=fault)
    assert died.returncode == -signal.SIGKILL

    assert office.once("reaper", **patient).returncode == 0

    report = office.api.get(f"/reports/campaigns/{campaign}").json
    assert (report["status"], report["by_status"][status]) == ("triggered", 1)


def test_it_is_finished_when_its_last_message_has_ended(office: Office) -> None:
    """Most are sent, one is rejected, of one nobody knows, and three belong to a number that
    is off. Whoever looks in between never sees it finished with something open."""
    manners = {"1": Behaviour("reject"), "2": Behaviour("drop")}
    office.gowa.behave = lambda asked: manners.get(asked.phone[-1], Behaviour())
    office.device("On")
    office.device("Off")
    office.gowa.devices["Off"] = "disconnected"
    assert office.once("monitor").returncode == 0
    office.leads(6, device="On")
    office.leads(3, first=7, device="Off")
    campaign = office.campaign()

    def look() -> dict[str, Any]:
        """The campaign's status, and how many messages of it there are in which."""
        report = office.api.get(f"/reports/campaigns/{campaign}").json
        counts = {status: count for status, count in report["by_status"].items() if count}
        assert report["status"] != "finished" or not counts.keys() & set(OPEN), report
        return {"campaign": report["status"], **counts}

    with office.running(gateway_timeout=30) as runners:
        ended = {"sent": 4, "failed": 1, "unknown": 1}
        then.soon(lambda: look() == {"campaign": "triggered", **ended, "pending": 3}, 60)
        assert office.once("reaper").returncode == 0
        assert look()["campaign"] == "triggered"

        office.gowa.devices["Off"] = "logged_in"
        then.soon(lambda: look() == {"campaign": "finished", **ended, "sent": 7}, 60)
        assert runners.ends(signal.SIGTERM) == 0

    *_, last = [
        e for e in then.events(office.container) if e.TOPIC.startswith(("message", "campaign"))
    ]
    assert (last.TOPIC, last.originator_id) == ("campaign.finished", UUID(campaign))
    office.proves_itself()


def test_a_finished_campaign_goes_on_while_a_message_of_it_is_sent_again(office: Office) -> None:
    """An operator retries the one that failed: until that has ended it is not finished."""
    answers = iter([Behaviour("reject"), Behaviour()])
    office.gowa.behave = lambda asked: next(answers)
    office.device()
    office.leads(1)
    campaign = office.campaign()
    office.works_until_done(gateway_timeout=30)
    (failed,) = office.api.items("/messages")

    assert office.api.post(f"/messages/{failed['id']}/retry").status == 200
    report = office.api.get(f"/reports/campaigns/{campaign}").json
    assert (report["status"], report["by_status"]["pending"]) == ("triggered", 1)

    office.works_until_done(gateway_timeout=30)
    report = office.api.get(f"/reports/campaigns/{campaign}").json
    assert (report["status"], report["by_status"]["sent"]) == ("finished", 1)
    office.proves_itself()

"""5. "The server was restarted, and some people got it twice and some never." """

from __future__ import annotations

import signal

import pytest

from tests.support import processes, then
from tests.support.gateways.fake_gowa import Behaviour
from tests.support.office import Office

# What happens to a message whose worker dies there: it is sent once by somebody else, or nobody
# knows whether the gateway has it and it is not sent again.
SENT_LATER = {
    "claim.before_commit": 0,
    "claim.after_commit": 0,
    "dispatch.before_commit": 0,
}
UNKNOWN = {
    "dispatch.after_commit": 0,
    "gateway.before_call": 0,
    "gateway.after_call": 1,
    "record.before_commit": 1,
}


def given_a_campaign_on_its_way(office: Office, leads: int = 4) -> None:
    office.device()
    office.leads(leads)
    office.campaign()
    office.once("campaigner")


@pytest.mark.parametrize("point", SENT_LATER)
def test_killed_before_the_hand_over_it_is_sent_once_after_the_lease(
    office: Office, point: str
) -> None:
    given_a_campaign_on_its_way(office)

    died = office.once("broadcaster", fault=f"{point}:1")
    assert died.returncode == -signal.SIGKILL
    assert office.gowa.asked == []

    office.works_until_done()
    assert office.counts() == {"sent": 4}
    assert len(office.gowa.asked) == 4
    assert office.twice() == []
    office.proves_itself()


@pytest.mark.parametrize(("point", "calls"), UNKNOWN.items())
def test_killed_after_the_hand_over_it_is_unknown_and_not_sent_again(
    office: Office, point: str, calls: int
) -> None:
    given_a_campaign_on_its_way(office, leads=1)

    died = office.once("broadcaster", fault=f"{point}:1")
    assert died.returncode == -signal.SIGKILL
    office.works_until_done()

    assert office.counts() == {"unknown": 1}
    assert len(office.gowa.asked) == calls
    office.proves_itself()


@pytest.mark.parametrize(
    ("point", "becomes"),
    {
        "claim.before_commit": "sent",
        "dispatch.before_commit": "sent",
        "claim.after_commit": "unknown",
        "dispatch.after_commit": "unknown",
    }.items(),
)
def test_killed_while_it_hands_over_what_it_claims(
    office: Office, point: str, becomes: str
) -> None:
    """What is due is claimed and handed over in one transaction, and with it committed or not."""
    given_a_campaign_on_its_way(office)

    with office.running("broadcaster", fault=f"{point}:1") as worker:
        assert worker.process.wait(20) == -signal.SIGKILL
    assert office.gowa.asked == []
    assert office.counts() == {"pending" if becomes == "sent" else "queued": 4}

    office.works_until_done()
    assert office.counts() == {becomes: 4}
    assert len(office.gowa.asked) == (4 if becomes == "sent" else 0)
    assert office.twice() == []
    office.proves_itself()


def test_killed_after_the_record_nothing_is_left_to_do(office: Office) -> None:
    given_a_campaign_on_its_way(office, leads=1)
    died = office.once("broadcaster", fault="record.after_commit:1")
    assert died.returncode == -signal.SIGKILL
    assert office.counts() == {"sent": 1}
    assert len(office.gowa.asked) == 1


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_killed_while_enrolling_everybody_enters_once(office: Office, moment: str) -> None:
    """2,500 leads, a thousand to a transaction, after the first of which two run at the same time;
    it dies at the second commit."""
    office.device()
    office.leads(2500, triggers="COLD")
    steps = [{"body": "One"}, {"body": "Two"}]
    made = office.api.create("/sequences", {"name": "Cold", "trigger": "COLD", "steps": steps})
    office.api.post(f"/sequences/{made['id']}/activate")

    died = office.once("enroller", fault=f"enroll.{moment}:2")
    assert died.returncode == -signal.SIGKILL
    # Before the second commit there is the first thousand; after it what one, or both, of the two
    # that run at the same time took of the rest, which they share as it comes.
    enrolled = then.count(office.container.database, "enrollments")
    if moment == "before_commit":
        assert enrolled == 1000
    else:
        assert 1000 < enrolled <= 2500
    assert office.counts() == {"pending": 2 * enrolled}
    assert office.once("enroller").returncode == 0

    assert then.count(office.container.database, "enrollments") == 2500
    assert office.counts() == {"pending": 5000}
    office.proves_itself()


@pytest.mark.parametrize(
    "fault",
    [
        "trigger.before_commit:1",
        "trigger.after_commit:1",
        "extend.before_commit:2",
        "extend.after_commit:2",
    ],
)
def test_killed_while_triggering_the_audience_is_whole(office: Office, fault: str) -> None:
    """12,000 leads, 5,000 to a transaction."""
    office.device()
    office.leads(6000)
    office.leads(6000, first=6001)
    campaign = office.campaign()

    assert office.once("campaigner", fault=fault).returncode == -signal.SIGKILL
    assert office.once("campaigner").returncode == 0

    report = office.api.get(f"/reports/campaigns/{campaign}").json
    assert (report["audience"], report["by_status"]["pending"]) == (12_000, 12_000)
    assert office.counts() == {"pending": 12_000}
    office.proves_itself()


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_killed_while_importing_the_second_try_adds_the_rest(
    office: Office, tmp_path_factory: pytest.TempPathFactory, moment: str
) -> None:
    file = tmp_path_factory.mktemp("leads") / "leads.csv"
    file.write_text("phone\n" + "".join(f"+6012{n:07d}\n" for n in range(2500)))

    died = processes.sendtrail("import", file, **office.settings, fault=f"import.{moment}:2")
    assert died.returncode == -signal.SIGKILL
    there = 1000 if moment == "before_commit" else 2000
    assert then.count(office.container.database, "leads") == there
    again = processes.sendtrail("import", file, **office.settings)

    assert again.stdout.splitlines()[-1] == (
        f"registered {2500 - there}, updated 0, unchanged 0, known {there}, opted out 0, rejected 0"
    )
    office.proves_itself()


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_killed_while_rebuilding_the_live_tables_stay(office: Office, moment: str) -> None:
    given_a_campaign_on_its_way(office)
    died = processes.sendtrail("rebuild", **office.settings, fault=f"rebuild.{moment}:2")
    assert died.returncode == -signal.SIGKILL

    office.works_until_done()
    assert office.counts() == {"sent": 4}
    assert processes.sendtrail("rebuild", **office.settings).returncode == 0


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
@pytest.mark.parametrize(("wish", "becomes"), [("move_to", "pending"), ("cancel", "cancelled")])
def test_killed_while_a_retired_device_is_left_nothing_stays_behind(
    office: Office, moment: str, wish: str, becomes: str
) -> None:
    """2,500 messages, a thousand to a transaction."""
    old, new = office.device("Old"), office.device("New")
    office.leads(2500, device=old)
    office.campaign()
    assert office.once("campaigner").returncode == 0
    office.api.post(f"/devices/{old}/retire", {wish: new if wish == "move_to" else True})

    # The first three find no dispatch that was lost, no lease, no cancelled campaign.
    died = office.once("reaper", fault=f"reap.{moment}:5")
    assert died.returncode == -signal.SIGKILL
    left = 1500 if moment == "before_commit" else 500
    assert office.counts(old)["pending"] == left
    assert office.once("reaper").returncode == 0

    assert office.counts() == {becomes: 2500}
    assert office.counts(new if wish == "move_to" else old) == {becomes: 2500}
    office.proves_itself()


def test_the_reaper_and_a_release_die_too(office: Office) -> None:
    """Whoever tidies up may be killed at it, and a worker while it stops."""
    given_a_campaign_on_its_way(office)
    office.once("broadcaster", fault="claim.after_commit:1")
    for fault in ("reap.before_commit:1", "reap.after_commit:1"):
        with office.running("reaper", fault=fault) as reaper:
            assert reaper.process.wait(20) == -signal.SIGKILL
    then.soon(lambda: office.once("reaper").returncode == 0 and office.counts()["pending"] == 4)

    office.gowa.behave = lambda asked: Behaviour("hang")
    for fault in ("release.before_commit:1", "release.after_commit:1"):
        with office.running("broadcaster", fault=fault, broadcast_every=30) as worker:
            then.soon(lambda: office.counts()["queued"] or office.counts()["unknown"])
            worker.process.send_signal(signal.SIGTERM)
            worker.process.wait(20)
    office.works_until_done()
    assert office.twice() == []
    office.proves_itself()

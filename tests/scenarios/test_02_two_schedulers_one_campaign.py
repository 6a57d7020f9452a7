"""2. "Two servers started the campaign at the same moment, and half of our customers were in it
twice." """

from __future__ import annotations

import signal
from collections import Counter
from contextlib import ExitStack
from uuid import UUID

from tests.support import then
from tests.support.office import Office
from tests.support.processes import Child

# More than the campaigner adds in one transaction, which is 5,000.
LEADS = 5200
DEATHS = ("extend.before_commit:1", "extend.after_commit:1")


def then_they_trigger_all(office: Office, campaigners: list[Child]) -> None:
    """And end well when they are told to."""
    for each in campaigners:
        each.says("runners.started")
    then.soon(
        lambda: {row.status for row in then.table(office.container, "campaigns")} == {"triggered"},
        60,
    )
    assert [each.ends(signal.SIGTERM) for each in campaigners] == [0] * len(campaigners)


def then_every_lead_is_once_in(office: Office, *campaigns: str) -> None:
    """In the queue, in the reports, and in the log; and there is nothing more to add."""
    assert office.once("campaigner").returncode == 0
    for campaign in campaigns:
        added = Counter(
            m.lead_id for m in then.messages(office.container, campaign_id=UUID(campaign))
        )
        assert (len(added), max(added.values())) == (LEADS, 1)
        report = office.api.get(f"/reports/campaigns/{campaign}").json
        assert (report["audience"], report["by_status"]["pending"]) == (LEADS, LEADS)
        assert then.topics(office.container, UUID(campaign)) == [
            "campaign.scheduled",
            "campaign.triggered",
            "campaign.audience_extended",
            "campaign.audience_extended",
            "campaign.audience_completed",
        ]
    office.proves_itself()


def test_campaigners_at_the_same_moment_add_every_lead_once(office: Office) -> None:
    """Three wait for work, and then there is one campaign."""
    office.device()
    office.leads(LEADS)

    with ExitStack() as stack:
        started = [
            stack.enter_context(office.running("campaigner", campaign_every=0.05)) for _ in range(3)
        ]
        for each in started:
            each.says("runners.started")
        campaign = office.campaign()
        then_they_trigger_all(office, started)

    then_every_lead_is_once_in(office, campaign)


def test_campaigners_that_die_in_the_middle_leave_no_lead_to_be_added_twice(
    office: Office,
) -> None:
    """Two campaigns. One campaigner is killed while it adds the second part of an audience. Then
    four take over at once, of which two are killed as well."""
    office.device()
    office.leads(LEADS)
    campaigns = [office.campaign(name=name) for name in ("Offer", "Reminder")]

    died = office.once("campaigner", fault="extend.before_commit:2")
    assert died.returncode == -signal.SIGKILL
    with ExitStack() as stack:
        dying = [stack.enter_context(office.running("campaigner", fault=at)) for at in DEATHS]
        lasting = [stack.enter_context(office.running("campaigner")) for _ in range(2)]
        then_they_trigger_all(office, lasting)
        assert [each.process.wait(60) for each in dying] == [-signal.SIGKILL] * 2

    then_every_lead_is_once_in(office, *campaigns)

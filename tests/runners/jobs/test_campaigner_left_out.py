"""Campaigns leave leads out of their audience, and count them by reason."""

from __future__ import annotations

from uuid import UUID

from domain import lead as leads
from projections.container import Container
from tests.support import given, then, when


def test_an_empty_audience_is_finished_at_once(container: Container) -> None:
    """Visibly: it says that nobody matched, instead of waiting for ever."""
    given.device(container)
    given.lead(container, target_status="prospect")
    campaign = given.campaign(container, target_status="customer")

    assert when.triggers(container) == 0

    assert then.topics(container, campaign) == [
        "campaign.scheduled",
        "campaign.triggered",
        "campaign.audience_completed",
        "campaign.finished",
    ]
    row = then.row(container, "campaigns", campaign_id=campaign)
    assert (row.status, row.scheduled, row.excluded) == ("finished", 0, {})


def test_those_left_out_are_counted_by_reason(container: Container) -> None:
    """Over all chunks together: three opted out, two whom no message reaches, four reached."""
    given.device(container)
    for lead in given.many_leads(container, 3):
        container.outreach.opt_out(lead, "STOP", actor="webhook:gowa")
    for lead in given.many_leads(container, 2, first=11):
        loses(container, lead)
    given.many_leads(container, 4, first=21)
    campaign = given.campaign(container)

    assert when.triggers(container, chunk=2) == 4

    row = then.row(container, "campaigns", campaign_id=campaign)
    assert row.excluded == {"opted_out": 3, "unreachable": 2}
    assert (row.scheduled, row.status) == (4, "triggered")
    (completed,) = then.events(container, "campaign.audience_completed")
    assert (completed.scheduled, completed.excluded) == (4, {"opted_out": 3, "unreachable": 2})


def loses(container: Container, lead: UUID) -> None:
    """The provider says that no message reaches the lead."""
    state = container.outreach.get_lead(lead)
    with container.database.transaction() as connection:
        lost = leads.lose_contact(
            state, "131026", None, now=container.outreach.clock(), actor="webhook:cloud"
        )
        container.outreach.record(connection, lost)


def test_a_lead_whose_own_number_is_retired_is_written_to_from_another(
    container: Container,
) -> None:
    """What is retired ties nobody; where nothing else is in service, that is the reason."""
    retired = given.device(container, "Old")
    lead = given.lead(container, device_id=retired)
    container.outreach.retire_device(retired, actor="api:admin")
    alone = given.campaign(container, name="Alone")
    when.triggers(container)
    other = given.device(container, "Sales 2")
    given.campaign(container, name="Not alone")
    when.triggers(container)

    assert then.row(container, "campaigns", campaign_id=alone).excluded == {"device_retired": 1}
    assert then.message(container).device_id == other
    assert container.outreach.get_lead(lead).profile.device_id == retired


def test_without_any_device_everybody_is_left_out_and_counted(container: Container) -> None:
    """The campaign is finished and says why it reached nobody."""
    given.many_leads(container, 3)
    campaign = given.campaign(container)

    assert when.triggers(container) == 0

    row = then.row(container, "campaigns", campaign_id=campaign)
    assert (row.status, row.excluded) == ("finished", {"no_device": 3})

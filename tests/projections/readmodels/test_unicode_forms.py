"""Tokens that were stored before they were composed: what was written in two ways is still one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from domain import lead, sequence
from domain.campaign import events as campaign_events
from domain.campaign.definition import Definition
from domain.lead.events import LeadRegistered
from domain.planning import Step
from projections.container import Container
from tests.support import given, then, when

APART, COMPOSED = "Cafe\u0301", "Caf\u00e9"
BY = {"actor": "api:crm"}


def test_a_lead_of_before_is_found_by_what_is_written_today(container: Container) -> None:
    """Its niche matches the campaign's, its trigger enters the sequence and is consumed."""
    given.device(container)
    given.sequence(container, COMPOSED, ("One",))
    lead_id = _registered_before(container)
    given.campaign(container, niche=(COMPOSED,))

    assert when.enrolls(container) == 1
    assert when.enrolls(container) == 0
    assert when.triggers(container) == 1

    assert container.outreach.get_lead(lead_id).triggers == ()
    assert len(then.messages(container)) == 2


def test_what_was_written_before_finds_a_lead_of_today(container: Container) -> None:
    """A campaign's niche and a sequence's trigger of before."""
    given.device(container)
    _defined_before(container)
    lead_id = given.lead(container, 1, [COMPOSED], niche=(COMPOSED,))

    assert when.enrolls(container) == 1
    assert when.triggers(container) == 1
    assert container.outreach.get_lead(lead_id).triggers == ()


def _registered_before(container: Container) -> object:
    """A lead whose event was stored when tokens were kept as they were written."""
    lead_id = container.outreach.lead_id(given.phone(1))
    _record(
        container,
        LeadRegistered(
            originator_id=lead_id,
            originator_version=1,
            timestamp=_now(container),
            phone=given.phone(1),
            triggers=(APART,),
            profile=lead.Profile(niche=(APART,)),
            **BY,
        ),
    )
    return lead_id


def _defined_before(container: Container) -> None:
    sequence_id, campaign_id = uuid4(), uuid4()
    now = _now(container)
    steps = (Step(content_id=f"{sequence_id}:1:1", body="One"),)
    defined = sequence.Definition(name="S", trigger=APART, steps=steps)
    scheduled = Definition(
        content_id=f"{campaign_id}:1:0", body="Hi", name="C", scheduled_at=now, niche=(APART,)
    )
    _record(
        container,
        sequence.SequenceDefined(
            originator_id=sequence_id,
            originator_version=1,
            timestamp=now,
            definition=defined,
            **BY,
        ),
        campaign_events.CampaignScheduled(
            originator_id=campaign_id,
            originator_version=1,
            timestamp=now,
            definition=scheduled,
            **BY,
        ),
    )
    container.outreach.activate_sequence(sequence_id, actor="api:crm")


def _record(container: Container, *events: object) -> None:
    with container.database.transaction() as connection:
        container.outreach.record(connection, list(events))


def _now(container: Container) -> datetime:
    return container.outreach.clock().astimezone(UTC)

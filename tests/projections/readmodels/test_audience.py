"""Who matches, asked of the database for many leads at once and of the domain for one."""

from __future__ import annotations

from itertools import product
from typing import get_args

from domain import audience
from domain.values import TargetFilter
from projections.container import Container
from projections.readmodels import leads
from tests.support import given, then

NICHES = ((), ("B1",), ("b1", "VITAC"), ("B12",), ("STRASSE",))


def test_the_database_matches_whom_the_domain_matches(container: Container) -> None:
    """Whatever the niche and target status of leads and campaigns; erased people match nobody."""
    given.device(container)
    for number, (niche, status) in enumerate(product(NICHES, ("prospect", "customer")), start=1):
        given.lead(container, number, niche=list(niche), target_status=status)
    erased = given.lead(container, 99, niche=["B1"])
    container.outreach.erase_lead(erased, actor="api:dpo")
    people = [container.outreach.get_lead(row.lead_id) for row in then.table(container, "leads")]
    assert len(people) == 11

    for niche, target_status in product(NICHES, get_args(TargetFilter)):
        campaign = given.campaign(container, niche=niche, target_status=target_status)
        with container.database.transaction() as connection:
            found = leads.audience(connection, campaign, None, 100)
        assert {row.lead_id for row in found} == {
            lead.id for lead in people if audience.mismatch(lead, niche, target_status) is None
        }, (niche, target_status)

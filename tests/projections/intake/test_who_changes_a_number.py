"""Who changes a person's number: a device that has met her, and not one that merely could have."""

from __future__ import annotations

import pytest

from domain.inbound import Inbound, Renamed
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import USER, digits, outcomes, proves_itself, puts, says
from tests.support.when import Phones


@pytest.mark.parametrize("phone", [8, 2], ids=["of nobody", "of somebody else"])
def test_nobody_moves_a_person_whom_nobody_has_met(container: Container, phone: int) -> None:
    """A device may speak of her, for nobody claims her; but her number is not for it to change,
    nor what she is called or whether she can be reached."""
    device = given.device(container, gateway="cloud")
    lead, _ = given.many_leads(container, 2)
    before = then.topics(container, lead)

    for now_called in ((digits(phone),), (USER,), (USER, digits(phone))):
        puts(container, Renamed((digits(1),), now_called), gateway="cloud", device=device)
        when.receives(container)

    assert then.topics(container, lead) == before
    assert container.outreach.get_lead(lead).phone == given.phone(1)
    assert outcomes(container) == {"ignored_not_met": 3}
    proves_itself(container)


@pytest.mark.parametrize("how", ["own", "wrote", "was written to", "was written to just now"])
def test_a_device_that_has_met_her_moves_her(
    container: Container, clock: SimulatedClock, how: str
) -> None:
    device = given.device(container, gateway="cloud")
    lead = given.lead(container, device_id=device if how == "own" else None)
    if how == "wrote":
        given.campaign(container)
        when.triggers(container)
        when.looks(when.broadcaster(container, Phones(clock), name="cloud"))
    renamed: list[Inbound] = [Renamed((digits(1),), (digits(8),))]
    if how == "was written to just now":
        renamed.insert(0, says(1, "Hi", "in.1"))
    if how == "was written to":
        puts(container, says(1, "Hi", "in.1"), gateway="cloud", device=device)
        when.receives(container)

    puts(container, *renamed, gateway="cloud", device=device)
    when.receives(container)

    assert container.outreach.get_lead(lead).phone == given.phone(8)
    proves_itself(container)

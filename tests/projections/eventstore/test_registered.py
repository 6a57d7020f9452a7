"""What registering a lead returns is what the log says of it."""

from __future__ import annotations

from domain import lead
from domain.addresses import Address
from projections.container import Container
from tests.support import given


def test_the_state_is_that_of_all_its_events(container: Container) -> None:
    """An address that said no starts opted out, which is an event of its own."""
    outreach = container.outreach
    outreach.suppress(Address("phone", given.phone(2)), "asked on the phone", actor="test")
    profile = lead.profile(name="Aisyah")

    states = [
        outreach.register_lead(given.phone(number), ("COLD",), profile, actor="test")
        for number in (1, 2)
    ]

    assert [state.opted_out_at is None for state in states] == [True, False]
    assert states == [outreach.get_lead(state.id) for state in states]

"""A no belongs to whoever has the number, and stays when leads and numbers change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.addresses import Address
from domain.errors import ErasedError
from domain.inbound import Preference, Renamed
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import USER, digits, is_out, proves_itself, says


def by_operator(container: Container) -> None:
    lead = container.outreach.lead_id(given.phone(1))
    container.outreach.opt_out(lead, "by letter", actor="api:boss")


def by_suppression(container: Container) -> None:
    address = Address("phone", given.phone(1))
    container.outreach.suppress(address, "by letter", actor="api:boss")


def by_import(container: Container) -> None:
    with container.database.transaction() as connection:
        wish = [(Address("phone", given.phone(1)), "in a list")]
        container.outreach.suppress_all(connection, wish, via="import", actor="cli:anna")


WISHES = [by_operator, by_suppression, by_import]


@pytest.mark.parametrize("says_no", WISHES)
def test_the_platform_takes_back_no_other_no(
    container: Container, clock: SimulatedClock, says_no: Callable[[Container], Any]
) -> None:
    """She switched promotions off; then she wrote a letter; then she switched them on."""
    given.device(container)
    lead = given.lead(container)
    when.told(container, Preference((digits(1),), True, "stop", clock()))
    clock.advance(minutes=1)
    says_no(container)
    before = then.topics(container, lead)
    says_no(container)
    assert then.topics(container, lead) == before  # once is enough
    clock.advance(minutes=1)

    when.told(container, Preference((digits(1),), False, "resume", clock()))

    assert is_out(container, lead)
    proves_itself(container)


@pytest.mark.parametrize("says_no", WISHES)
def test_a_late_start_takes_back_no_later_no(
    container: Container, clock: SimulatedClock, says_no: Callable[[Container], Any]
) -> None:
    given.device(container)
    lead = given.lead(container)
    when.told(container, says(1, "STOP", "in.1", at=clock()))
    clock.advance(minutes=1)
    started = clock()
    clock.advance(minutes=1)
    says_no(container)

    when.told(container, says(1, "START", "in.2", at=started))

    assert is_out(container, lead)
    clock.advance(minutes=1)
    when.told(container, says(1, "START", "in.3", at=clock()))
    assert not is_out(container, lead)
    proves_itself(container)


def test_nobody_gets_the_number_of_a_person_who_was_erased(container: Container) -> None:
    """Neither by a person's hand nor by what the provider says; she may have said no."""
    given.device(container)
    erased, other = given.many_leads(container, 2)
    when.told(container, says(1, "STOP", "in.1"))
    container.outreach.erase_lead(erased, actor="api:boss")

    with pytest.raises(ErasedError):
        container.outreach.change_phone(other, given.phone(1), "new", actor="api:boss")
    when.told(container, Renamed((digits(2), USER), (digits(1),)))

    state = container.outreach.get_lead(other)
    assert (state.phone, state.unreachable_code) == (given.phone(2), "number_changed")
    proves_itself(container)


@pytest.mark.parametrize("numbers", [(2, 3), (2, 1), (2, 3, 4, 1)])
def test_every_number_that_a_person_ever_had_is_erased_with_her(
    container: Container, clock: SimulatedClock, numbers: tuple[int, ...]
) -> None:
    lead = given.lead(container, 1)
    for number in numbers:
        clock.advance(minutes=1)
        container.outreach.change_phone(lead, given.phone(number), "new", actor="api:boss")

    container.outreach.erase_lead(lead, actor="api:boss")

    for number in {1, *numbers}:
        with pytest.raises(ErasedError):
            given.lead(container, number)
    proves_itself(container)


def test_a_no_that_came_from_a_wrong_number_stays_there(container: Container) -> None:
    """A phone was mistyped; a stranger said STOP. The phone is corrected, and both are out; what
    an operator wrote down is about the person alone."""
    given.device(container)
    lead, other = given.many_leads(container, 2)
    when.told(container, says(1, "STOP", "in.1"))
    container.outreach.opt_out(other, "by letter", actor="api:boss")

    container.outreach.change_phone(lead, given.phone(3), "typing error", actor="api:boss")
    container.outreach.change_phone(other, given.phone(4), "typing error", actor="api:boss")

    assert is_out(container, lead)
    assert is_out(container, given.lead(container, 1))
    assert not is_out(container, given.lead(container, 2))
    proves_itself(container)


def test_an_opt_in_for_another_number_does_not_count(
    container: Container, clock: SimulatedClock
) -> None:
    """The new number said no, whoever had it then."""
    given.device(container)
    when.told(container, says(2, "STOP", "in.1", at=clock()))
    lead = given.lead(container, 1)
    clock.advance(minutes=1)
    when.told(container, says(1, "STOP", "in.2", at=clock()))
    clock.advance(minutes=1)
    when.told(container, says(1, "START", "in.3", at=clock()))

    container.outreach.change_phone(lead, given.phone(2), "new", actor="api:boss")

    assert is_out(container, lead)
    proves_itself(container)


def test_a_stranger_who_said_no_takes_it_to_the_new_number(container: Container) -> None:
    given.device(container)
    when.told(container, says(1, "STOP", "in.1"), Renamed((digits(1),), (digits(2),)))
    assert is_out(container, given.lead(container, 2))
    proves_itself(container)

"""Which device writes to a lead, and why sometimes none does."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.device import Status
from domain.device_choice import UNTIED, Mover, Ties, choose, pool

FIRST, SECOND, THIRD = (UUID(int=number) for number in (101, 102, 103))
UNKNOWN = UUID(int=999)
ALL: dict[UUID, Status] = {SECOND: "online", FIRST: "offline", THIRD: "online"}
LEAD = UUID(int=7)


@pytest.mark.parametrize("own", [FIRST, SECOND])
def test_a_leads_own_device_writes_to_it(own: UUID) -> None:
    """Online or offline: the lead knows that number, so its messages wait for it."""
    assert choose(LEAD, Ties(own, THIRD, THIRD), ALL, pool(ALL)) == own


@pytest.mark.parametrize(
    ("ties", "device"),
    [
        (Ties(FIRST, SECOND, THIRD), FIRST),
        (Ties(None, FIRST, THIRD), FIRST),
        (Ties(None, None, FIRST), FIRST),
        (UNTIED, THIRD),
    ],
)
def test_the_number_it_knows_best_writes(ties: Ties, device: UUID) -> None:
    """Its own, the one that it replied to last, the one that wrote to it first, else a share."""
    assert choose(LEAD, ties, ALL, pool(ALL)) == device


def test_a_tie_to_a_retired_device_is_none() -> None:
    """The next one counts: two phones are free."""
    statuses: dict[UUID, Status] = ALL | {FIRST: "retired"}
    shared = pool(statuses)
    assert choose(LEAD, Ties(FIRST, SECOND, THIRD), statuses, shared) == SECOND
    assert choose(LEAD, Ties(FIRST, FIRST, THIRD), statuses, shared) == THIRD
    assert choose(LEAD, Ties(FIRST, FIRST, FIRST), statuses, shared) == THIRD
    assert choose(LEAD, Ties(UNKNOWN), statuses, shared) == THIRD


def test_a_tie_goes_before_the_pool() -> None:
    """Once chosen it stays, whatever the campaign would rather have."""
    assert choose(LEAD, Ties(first_contact=FIRST), ALL, pool(ALL, [THIRD])) == FIRST


@pytest.mark.parametrize(
    ("lead", "device"), [(0, SECOND), (1, THIRD), (2, SECOND), (3, THIRD), (299, THIRD)]
)
def test_leads_without_a_device_are_shared_out(lead: int, device: UUID) -> None:
    """Among those online, by their ids, whatever the order in which the devices are listed."""
    assert choose(UUID(int=lead), UNTIED, ALL, pool(ALL)) == device
    backwards = dict(reversed(ALL.items()))
    assert choose(UUID(int=lead), UNTIED, backwards, pool(backwards)) == device


def test_a_pool_has_what_is_online_of_it_else_what_is_in_service() -> None:
    """Of the devices that were named, or of all."""
    asleep: dict[UUID, Status] = {FIRST: "offline", SECOND: "retired", THIRD: "offline"}
    assert pool(ALL) == [SECOND, THIRD]
    assert pool(ALL, [FIRST, THIRD]) == [THIRD]
    assert pool(ALL, [FIRST]) == [FIRST]
    assert pool(ALL, [UNKNOWN]) == []
    assert pool(asleep) == [FIRST, THIRD]
    assert pool(asleep, [SECOND]) == []


@pytest.mark.parametrize("statuses", [{}, {FIRST: "retired", SECOND: "retired"}])
def test_without_a_device_in_service_nobody_writes(statuses: dict[UUID, Status]) -> None:
    """None at all, or all retired."""
    assert choose(LEAD, UNTIED, statuses, pool(statuses)) == "no_device"
    own = "device_retired" if statuses else "no_device"
    assert choose(LEAD, Ties(FIRST), statuses, pool(statuses)) == own


@settings(max_examples=60, deadline=None)
@given(
    st.uuids(),
    st.dictionaries(st.uuids(), st.sampled_from(["online", "offline", "retired"]), max_size=5),
)
def test_the_choice_is_always_one_in_service(lead: UUID, statuses: dict[UUID, Status]) -> None:
    """And it stays when it is the first contact, whatever becomes of the others."""
    choice = choose(lead, UNTIED, statuses, pool(statuses))
    if not isinstance(choice, UUID):
        assert set(statuses.values()) <= {"retired"}
        return
    assert statuses[choice] != "retired"
    later: dict[UUID, Status] = {**dict.fromkeys(statuses, "online"), choice: "offline"}
    assert choose(lead, Ties(first_contact=choice), later, pool(later)) == choice


def test_all_that_moves_of_a_lead_moves_to_one_device() -> None:
    """Though its campaign and its sequence have other pools."""
    mover = Mover(ALL)
    assert mover.device_of(LEAD, UNTIED, (SECOND,)) == SECOND
    assert mover.device_of(LEAD, UNTIED, (THIRD,)) == SECOND
    assert mover.device_of(UUID(int=8), UNTIED, (THIRD,)) == THIRD
    # Nothing of the pool is left, but others are.
    assert mover.device_of(UUID(int=9), UNTIED, (UNKNOWN,)) in (SECOND, THIRD)
    assert Mover({FIRST: "retired"}).device_of(LEAD, UNTIED, (FIRST,)) is None
    assert (mover.is_in_service(FIRST), mover.is_in_service(None)) == (True, False)

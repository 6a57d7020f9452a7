"""Which device writes to a lead, and why sometimes none does."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.device import Status
from domain.device_choice import choose

FIRST, SECOND, THIRD = (UUID(int=number) for number in (101, 102, 103))
ALL: dict[UUID, Status] = {SECOND: "online", FIRST: "offline", THIRD: "online"}


@pytest.mark.parametrize("own", [FIRST, SECOND])
def test_a_leads_own_device_writes_to_it(own: UUID) -> None:
    """Online or offline: the lead knows that number, so its messages wait for it."""
    assert choose(UUID(int=7), own, ALL) == own


def test_a_leads_own_device_is_never_replaced() -> None:
    """Retired, or not there at all: nothing is sent from a number that the lead does not know."""
    assert choose(UUID(int=7), FIRST, ALL | {FIRST: "retired"}) == "device_retired"
    assert choose(UUID(int=7), UUID(int=999), ALL) == "no_device"


@pytest.mark.parametrize(
    ("lead", "device"), [(0, FIRST), (1, SECOND), (2, THIRD), (3, FIRST), (299, THIRD)]
)
def test_leads_without_a_device_are_shared_out(lead: int, device: UUID) -> None:
    """In turn, by their ids, whatever the order in which the devices are listed."""
    assert choose(UUID(int=lead), None, ALL) == device
    assert choose(UUID(int=lead), None, dict(reversed(ALL.items()))) == device


def test_a_retired_device_gets_no_share() -> None:
    """The others take it over."""
    statuses: dict[UUID, Status] = ALL | {SECOND: "retired"}
    assert [choose(UUID(int=lead), None, statuses) for lead in range(3)] == [FIRST, THIRD, FIRST]


@pytest.mark.parametrize("statuses", [{}, {FIRST: "retired", SECOND: "retired"}])
def test_without_a_device_in_service_nobody_writes(statuses: dict[UUID, Status]) -> None:
    """None at all, or all retired."""
    assert choose(UUID(int=7), None, statuses) == "no_device"


@settings(max_examples=60, deadline=None)
@given(
    st.uuids(),
    st.dictionaries(st.uuids(), st.sampled_from(["online", "offline", "retired"]), max_size=5),
)
def test_the_choice_is_always_one_in_service(lead: UUID, statuses: dict[UUID, Status]) -> None:
    """And always the same one, whether it is online at the moment or not."""
    choice = choose(lead, None, statuses)
    if choice == "no_device":
        assert set(statuses.values()) <= {"retired"}
    else:
        assert statuses[choice] != "retired"
        awake = {
            device: "online" if status == "offline" else status
            for device, status in statuses.items()
        }
        assert choose(lead, None, awake) == choice

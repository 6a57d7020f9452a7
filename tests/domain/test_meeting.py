"""Of whom a device may speak."""

from __future__ import annotations

from collections.abc import Set
from uuid import UUID

import pytest

from domain.meeting import Meetings, meetings

A, B, OLD = UUID(int=1), UUID(int=2), UUID(int=3)
IN_SERVICE = {A, B}
NOBODY: Set[UUID] = set()


@pytest.mark.parametrize(
    ("own", "wrote", "heard", "speakers", "may"),
    [
        (NOBODY, NOBODY, NOBODY, {A}, True),  # nobody's: anybody could have met her
        ({A}, NOBODY, NOBODY, {A}, True),
        ({B}, NOBODY, NOBODY, {A}, False),
        ({B}, NOBODY, NOBODY, {A, B}, True),  # one secret for both
        ({B}, NOBODY, NOBODY, None, True),  # our own program
        ({B}, {A}, NOBODY, {A}, True),  # it wrote to her before she was another's
        (NOBODY, {B}, NOBODY, {A}, False),  # she is whose messages she gets
        ({B}, NOBODY, {A}, {A}, True),  # she wrote to it before
        (NOBODY, NOBODY, {B}, {A}, True),  # to have been written to is no claim
        ({OLD}, {OLD}, NOBODY, {A}, True),  # another device may have its number now
        ({OLD}, {B}, NOBODY, {A}, False),
        ({OLD, B}, NOBODY, NOBODY, {OLD}, True),  # it still hears of its messages
    ],
)
def test_who_could_have_met_whom(
    own: Set[UUID], wrote: Set[UUID], heard: Set[UUID], speakers: Set[UUID] | None, may: bool
) -> None:
    assert meetings(own, wrote, heard, IN_SERVICE).could_include(speakers) is may


def test_a_person_of_whom_nothing_is_known_could_be_met() -> None:
    assert Meetings().could_include({A})

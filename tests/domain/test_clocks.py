"""How far apart may two clocks be?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clocks import Comparison, Verdict, judge
from tests.support.samples import NOW


def compared(ahead: float, answered_in: float = 0.0) -> Comparison:
    """The database answers when half of the time is over, and this clock is ahead by ``ahead``."""
    before = NOW + timedelta(seconds=ahead)
    asked = NOW + timedelta(seconds=answered_in / 2)
    return Comparison(before, asked, before + timedelta(seconds=answered_in))


@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [
        (0.0, "right"),
        (2.0, "right"),
        (2.001, "differs"),
        (-2.001, "differs"),
        (60.0, "differs"),
        (-60.0, "differs"),
        (60.001, "wrong"),
        (-60.001, "wrong"),
        (3600.0, "wrong"),
        (-86400.0, "wrong"),
    ],
)
def test_a_clock_may_differ_by_two_seconds_and_is_too_wrong_beyond_a_minute(
    ahead: float, verdict: Verdict
) -> None:
    assert compared(ahead).difference == timedelta(seconds=ahead)
    assert judge(compared(ahead)) == verdict


def test_an_answer_that_takes_long_is_no_difference() -> None:
    """Ten seconds under way. Nobody knows whether it was the question or the answer that took
    them; in both cases the clocks may be the same."""
    assert compared(0.0, answered_in=10.0).difference == timedelta()
    for asked_after in (0, 10):
        slow = Comparison(NOW, NOW + timedelta(seconds=asked_after), NOW + timedelta(seconds=10))
        assert judge(slow) == "right"
    assert judge(compared(7.0, answered_in=10.0)) == "right"
    assert judge(compared(7.1, answered_in=10.0)) == "differs"
    assert judge(compared(65.1, answered_in=10.0)) == "wrong"


@given(st.floats(-60, 60), st.floats(0, 600), st.floats(0, 1))
def test_a_clock_within_a_minute_is_never_called_wrong(
    ahead: float, answered_in: float, asked_after: float
) -> None:
    """Wherever in the time of the round trip the database looks at its clock."""
    before = NOW + timedelta(seconds=ahead)
    database = NOW + timedelta(seconds=answered_in * asked_after)
    assert judge(Comparison(before, database, before + timedelta(seconds=answered_in))) != "wrong"

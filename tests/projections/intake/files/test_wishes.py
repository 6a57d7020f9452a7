"""Cells of opt-out columns: yes, no, or a question."""

from __future__ import annotations

import pytest

from domain.errors import InvalidInputError
from projections.intake.files.wishes import says_no

YES = [
    *(
        "TRUE",
        "yes",
        "Y",
        "1",
        "1.0",
        "x",
        "\u2713",
        "Ya",
        "s\u00ed",
        "OUI",
        "ja",
        "да",
        "כן",
        "はい",
    ),
    *("opted out", "2026-03-01", "2026-03-01 10:00:00", "2026-03-01T10:00:00+08:00"),
    *("01/03/2026", "1.3.26", "3/1/2026 9:30 AM", "1 March 2026", "Mar 1, 2026", "01-Mar-26"),
]


@pytest.mark.parametrize("cell", YES)
def test_a_yes(cell: str) -> None:
    assert says_no(cell)


@pytest.mark.parametrize(
    "cell", ["", "  ", "\u00a0", "FALSE", "no", "N", "0", "0.0", "Tidak", "não"]
)
def test_a_no(cell: str) -> None:
    assert not says_no(cell)


@pytest.mark.parametrize("cell", ["maybe", "tak", "2", "45000", "?", "-", "n/a", "+60123456789"])
def test_what_is_neither(cell: str) -> None:
    """It is never taken for a no."""
    with pytest.raises(InvalidInputError, match=r"^opted_out: expected yes, no, a date"):
        says_no(cell)

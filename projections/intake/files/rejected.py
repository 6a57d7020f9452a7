"""The columns that a file of rejected rows has before those of the file they came from."""

from __future__ import annotations

from collections.abc import Sequence

LINE = "rejected_line"
REASON = "rejected_reason"


def columns(headers: Sequence[str]) -> list[int]:
    """Where a file of rejected rows has what is only told about them; none in any other file."""
    if list(headers[:2]) != [LINE, REASON]:
        return []
    return [0, 1]

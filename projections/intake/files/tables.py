"""A table as a file has it: rows of cells, and where each row begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

# Bounds of what is read, so that no file takes all memory. Characters, and columns.
LONGEST_FIELD = 131_072  # the csv module's own
LONGEST_ROW = 1_000_000
MOST_COLUMNS = 1000


class Row(NamedTuple):
    """A row that is not blank. ``line`` is where it begins, counted from 1. ``fault`` says why its
    cells could not be read; it is empty if they could.

    A row with a fault has no ``cells``. Of its first line ``sound`` are the cells before the fault,
    and ``rest`` is what a spreadsheet would make of those from there on.
    """

    line: int
    cells: list[str]
    fault: str = ""
    sound: Sequence[str] = ()
    rest: Sequence[str] = ()


class Table(Protocol):
    """Rows that can be read again and again."""

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank, in order. Raises InvalidInputError where the file cannot be
        read on."""
        ...


def is_blank(cells: list[str]) -> bool:
    """Whether there is nothing but white space in the cells."""
    return not any(cell and not cell.isspace() for cell in cells)

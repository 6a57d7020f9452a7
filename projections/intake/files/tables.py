"""A table as a file has it: rows of cells, and where each row begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from domain.errors import InvalidInputError

# Bounds of what is read, so that no file takes all memory. Characters, and columns.
LONGEST_FIELD = 131_072  # the csv module's own
LONGEST_ROW = 1_000_000
MOST_COLUMNS = 1000
# Blank lines above the first row. What is blank for longer has no header to come.
MOST_BLANK = 1000


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


def not_blank(rows: Iterable[tuple[int, list[str]]], *, has_rows: bool = False) -> Iterator[Row]:
    """The rows, each with its line, that are not blank. Raises InvalidInputError where there are
    too many blank ones above the first, unless there were others before (``has_rows``)."""
    for line, cells in rows:
        if not is_blank(cells):
            has_rows = True
            yield Row(line, cells)
        elif not has_rows and line > MOST_BLANK:
            raise InvalidInputError("header", f"it within the first {MOST_BLANK} lines")

"""Opening a file of people: what kind it is, where its header is, and which column is what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from domain.errors import InvalidInputError
from projections.intake.files import spreadsheet
from projections.intake.files.delimited import DelimitedFile, delimiters
from projections.intake.files.encodings import encoding_of
from projections.intake.files.layout import Layout, Mapped, fits, lay_out
from projections.intake.files.tables import MOST_COLUMNS, Row, Table

# Rows, titles among them, in which a header is looked for.
FIRST_ROWS = 50

_PHONE = re.compile(r"\s*['+(]*\d[\d\s()./-]{7,}\d\s*")
_DATE = re.compile(r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}).*")


class PeopleFile(msgspec.Struct, frozen=True):
    """A file whose header is known: its table, the line of its header (0: it has none), and its
    layout."""

    table: Table
    header_line: int
    layout: Layout

    def rows(self) -> Iterator[Row]:
        """The rows below the header that are not blank. Raises as ``Table.rows`` does."""
        return (row for row in self.table.rows() if row.line > self.header_line)


def open_people_file(path: Path, map_: Mapped, *, headless: bool = False) -> PeopleFile:
    """Read the file ``path`` once, to its end, and say what is where.

    ``map_`` says of some columns what they are. ``headless``: a file without a header will do, if
    its first row has a phone. Raises InvalidInputError, where the file cannot be read or does not
    say which column has the phones.
    """
    try:
        found = _best_table(path, map_)
        if found is None and headless:
            found = _without_header(path)
        if found is None:
            raise _no_header(map_)
        table, header = found
        if len(header.cells) > MOST_COLUMNS:
            raise InvalidInputError("header", f"at most {MOST_COLUMNS} columns")
        nameless = [at for at, cell in enumerate(header.cells) if not cell.strip()]
        filled = _filled((row for row in table.rows() if row.line > header.line), nameless)
        return PeopleFile(table, header.line, lay_out(header.cells, map_, filled))
    except OSError as error:
        raise InvalidInputError(str(path), f"a file to read ({error.strerror})") from None


def tables_of(path: Path) -> Iterator[Table]:
    """Every way to read the file."""
    with path.open("rb") as file:
        signature = file.read(4)
    if signature == spreadsheet.SIGNATURE:
        yield from spreadsheet.sheets(path)
    elif signature == spreadsheet.OLDER_SIGNATURE:
        raise InvalidInputError("file", "CSV, or a spreadsheet saved as .xlsx without a password")
    else:
        encoding = encoding_of(path)
        for delimiter in delimiters(path, encoding):
            yield DelimitedFile(path, encoding, delimiter)


def _best_table(path: Path, map_: Mapped) -> tuple[Table, Row] | None:
    """The table whose header says most, and that header; of a workbook the first that has one."""
    best: tuple[Table, Row] | None = None
    most = (0, 0)
    for table in tables_of(path):
        header = _header(table, map_)
        if header is None:
            continue
        if isinstance(table, spreadsheet.Sheet):
            return table, header
        says = (0, 1)
        if len(header.cells) <= MOST_COLUMNS:
            says = (fits(header.cells, map_), len(header.cells))
        if says > most:
            best, most = (table, header), says
    return best


def _header(table: Table, map_: Mapped) -> Row | None:
    """The row that names the columns: above all rows that have a phone, and the one of them that
    names most. If there is none, a row of more columns than a file may have."""
    best: Row | None = None
    most = 0
    for row in islice(table.rows(), FIRST_ROWS):
        if len(row.cells) > MOST_COLUMNS:
            return best or row
        if any(_is_phone(cell) for cell in row.cells):
            break
        if (known := fits(row.cells, map_)) > most:
            best, most = row, known
    return best


def _without_header(path: Path) -> tuple[Table, Row] | None:
    """A table whose first row has a phone, and a header above it that names this column."""
    for table in tables_of(path):
        for row in islice(table.rows(), 1):
            for at, cell in enumerate(row.cells):
                if _is_phone(cell):
                    return table, Row(
                        0, ["phone" if n == at else "" for n in range(len(row.cells))]
                    )
    return None


def _filled(rows: Iterable[Row], nameless: list[int]) -> frozenset[int]:
    """Those of the columns ``nameless`` that have a value in some row. All rows are read, so that a
    file that goes wrong far down is refused before anything of it is used."""
    filled: set[int] = set()
    for row in rows:
        cells = row.cells
        filled.update(at for at in nameless if at < len(cells) and cells[at].strip())
    return frozenset(filled)


def _is_phone(cell: str) -> bool:
    return len(cell) < 50 and bool(_PHONE.fullmatch(cell)) and not _DATE.fullmatch(cell)


def _no_header(map_: Mapped) -> InvalidInputError:
    for field, header in map_:
        if field == "phone":
            return InvalidInputError("map", f"a column of the file; it has none named {header!r}")
    return InvalidInputError(
        "header",
        "a column 'phone' or 'mobile', or map=phone:COLUMN to say which one has the phones",
    )

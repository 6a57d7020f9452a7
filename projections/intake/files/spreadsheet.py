"""Spreadsheets: files with the ending ``.xlsx``."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from domain.errors import InvalidInputError
from projections.intake.files.tables import Row, is_blank

SIGNATURE = b"PK\x03\x04"
# The older kind of spreadsheet, and any that is encrypted.
OLDER_SIGNATURE = b"\xd0\xcf\x11\xe0"
# A sheet is a rectangle in memory, however few of its cells are used, and a small file may unpack
# to a large one. Cells, and bytes.
MOST_CELLS = 10_000_000
MOST_BYTES = 1 << 29

_CHUNK = 1 << 20
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,4})([0-9]{1,8})["']""")


class Sheet:
    """One sheet; the number of a row is the sheet's own."""

    def __init__(self, sheet: CalamineSheet) -> None:
        self._sheet = sheet

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank. Numbers are digits without an exponent, dates are ISO 8601,
        truth values are ``true`` and ``false``."""
        for number, values in enumerate(self._sheet.iter_rows(), start=1):
            cells = [value if isinstance(value, str) else _text(value) for value in values]
            if not is_blank(cells):
                yield Row(number, cells)


def sheets(path: Path) -> Iterator[Sheet]:
    """The sheets of a workbook, in their order. Raises InvalidInputError where it is none, or too
    large, and OSError."""
    _check_size(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            for index in range(len(workbook.sheet_names)):
                yield Sheet(workbook.get_sheet_by_index(index))
    except CalamineError:
        raise InvalidInputError("file", "a spreadsheet (.xlsx) that can be opened") from None


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case date() | time():
            return value.isoformat()
    return str(value)


def _check_size(path: Path) -> None:
    """Raises InvalidInputError unless all of the workbook fits into memory.

    The library takes the memory for a whole sheet at once, and the process ends if there is not
    enough.
    """
    unpacked = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                columns = lines = named = 1
                rest = b""
                with archive.open(member) as file:
                    while chunk := file.read(_CHUNK):
                        unpacked += len(chunk)
                        if unpacked > MOST_BYTES:
                            raise InvalidInputError(
                                "file", f"a spreadsheet of at most {MOST_BYTES >> 20} MB unpacked"
                            )
                        # Rows and cells need not say where they are.
                        lines += chunk.count(b"<row") + chunk.count(b":row")
                        for column, row in _REFERENCE.findall(rest + chunk):
                            columns = max(columns, _number(column))
                            named = max(named, int(row))
                        rest = chunk[-64:]
                if columns * max(named, lines) > MOST_CELLS:
                    raise InvalidInputError(
                        "file", f"sheets of at most {MOST_CELLS} cells, unused ones counted too"
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise InvalidInputError("file", "a spreadsheet (.xlsx) that can be opened") from None


def _number(letters: bytes) -> int:
    """The number of the column with these letters, from 1; 0 for none."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number

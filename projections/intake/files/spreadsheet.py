"""Spreadsheets: files with the ending ``.xlsx``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from domain.errors import InvalidInputError
from projections.intake.files import workbook_size
from projections.intake.files.tables import Row, not_blank

SIGNATURE = b"PK\x03\x04"
# The older kind of spreadsheet, and any that is encrypted.
OLDER_SIGNATURE = b"\xd0\xcf\x11\xe0"


class Sheet:
    """One sheet; the number of a row is the sheet's own."""

    def __init__(self, sheet: CalamineSheet) -> None:
        self._sheet = sheet

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank. Numbers are digits without an exponent, dates are ISO 8601,
        truth values are ``true`` and ``false``."""
        yield from not_blank(
            (number, [value if isinstance(value, str) else _text(value) for value in values])
            for number, values in enumerate(self._sheet.iter_rows(), start=1)
        )


def sheets(path: Path) -> Iterator[Sheet]:
    """The sheets of a workbook, in their order. Raises InvalidInputError where it is none, or too
    large, and OSError."""
    workbook_size.check(path)
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

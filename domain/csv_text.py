"""Lists as CSV (RFC 4180), with cells that a spreadsheet would run as formulas made harmless.

A spreadsheet takes a cell for a formula by its first character, the wide forms of East Asia too,
and some programs pass over white space before it (OWASP, "CSV Injection"). An apostrophe before it
makes a text of it. ``read_back`` takes exactly that apostrophe off, so nothing is lost on the way
through a file: what begins so with an apostrophe of its own gets a second one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile("'*(?:[\t\r]|\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20])")


def harmless(cell: str) -> str:
    """``cell`` as it may stand in a file that a spreadsheet opens."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def read_back(cell: str) -> str:
    """What ``harmless`` was given; a cell that it has not made stays as it is."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The header and the rows, every cell made harmless, lines ended with CRLF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(map(harmless, header))
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()

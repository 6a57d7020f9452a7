"""Lists as CSV (RFC 4180), with cells that a spreadsheet would run as formulas made harmless.

A spreadsheet takes a cell for a formula by its first character, the wide forms of East Asia too,
and some programs pass over white space before it (OWASP, "CSV Injection"), or over what nobody
sees, as a zero-width space. An apostrophe before it
makes a text of it. ``read_back`` takes exactly that apostrophe off, so nothing is lost on the way
through a file: what begins so with an apostrophe of its own gets a second one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from domain.visible import is_unseen

_BEGINS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")


def harmless(cell: str) -> str:
    """``cell`` as it may stand in a file that a spreadsheet opens."""
    return f"'{cell}" if _is_formula(cell) else cell


def read_back(cell: str) -> str:
    """What ``harmless`` was given; a cell that it has not made stays as it is."""
    return cell[1:] if cell[:1] == "'" and _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run it, or would but for apostrophes before it."""
    text = cell.lstrip("'")
    if text[:1] in ("\t", "\r"):
        return True
    return next((c for c in text if not (c.isspace() or is_unseen(c))), "") in _BEGINS


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The header and the rows, every cell made harmless, lines ended with CRLF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(map(harmless, header))
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()

"""Rows that an import rejected, as a file that can be mended and imported again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import IO

from domain.csv_text import csv_text, read_back
from projections.intake.files.rejected import LINE, REASON
from projections.intake.files.tables import Row

# Takes the headers of a file, a row of it, and why the row was rejected.
RejectedRow = Callable[[Sequence[str], Row, str], None]


def forget(headers: Sequence[str], row: Row, reason: str) -> None:
    """For who wants no file of them."""


class RejectedRows:
    """Writes rows to ``stream`` as CSV, one after the other: line and reason, then the cells as
    they were. The header is that of the file they are of. ``count`` is how many there were."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.count = 0

    def __call__(self, headers: Sequence[str], row: Row, reason: str) -> None:
        """Write one row. Raises OSError where the disk does."""
        if not self.count:
            self._write((LINE, REASON, *headers))
        self.count += 1
        # Of a row with unmatched quotes, what a spreadsheet would make of its first line.
        cells = row.cells if not row.fault else (*row.sound, *row.rest)
        # An import takes one apostrophe off, so there must be one as before.
        self._write((str(row.line), reason, *map(read_back, cells)))

    def _write(self, cells: Iterable[str]) -> None:
        self._stream.write(csv_text([*cells], ()))

"""Text files of rows, with any delimiter: CSV as spreadsheets write it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from domain.errors import InvalidInputError
from projections.intake.files.tables import LONGEST_FIELD, LONGEST_ROW, Row, not_blank

# The most frequent ones first.
DELIMITERS = (",", ";", "\t", "|")
# Rows whose quotes go wrong are looked at twice. More of them are no mistakes any more.
MOST_BROKEN_ROWS = 100

_MARK = "\ufeff"


class DelimitedFile:
    """The rows of the text file ``path``, in that encoding and with that delimiter."""

    def __init__(self, path: Path, encoding: str, delimiter: str) -> None:
        self.path = path
        self.encoding = encoding
        self.delimiter = delimiter

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank; a row whose quotes do not match is one with a fault.

        Such a row ends with its first line, so that it takes none of those after it with it.
        Raises InvalidInputError where the text cannot be decoded, where a line or a row is endless,
        and where too many rows are broken. Raises OSError.
        """
        with self.path.open(encoding=self.encoding, newline="") as stream:
            lines = _Lines(stream)
            broken = 0
            while True:
                reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
                try:
                    read = ((lines.begin_row(), cells) for cells in reader)
                    yield from not_blank(read, has_rows=broken > 0)
                    return
                except csv.Error as error:
                    fault = "a '\"' within quotes written twice, and quotes that are closed"
                    if "field limit" in str(error) and '"' not in lines.held[0]:
                        fault = f"fields of at most {LONGEST_FIELD} characters"
                except UnicodeDecodeError:
                    raise InvalidInputError(
                        f"after line {lines.number}", f"text in {self.encoding.upper()}"
                    ) from None
                broken += 1
                sound, rest = _salvaged(lines.held[0], self.delimiter)
                line = lines.begin_row(again=True)
                if broken > MOST_BROKEN_ROWS:
                    raise InvalidInputError(
                        f"line {line}", f"at most {MOST_BROKEN_ROWS} rows with unmatched quotes"
                    )
                yield Row(line, [], fault, sound, rest)


def _salvaged(line: str, delimiter: str) -> tuple[list[str], list[str]]:
    """The cells of a line that has a fault: those before it, and the others as spreadsheets read
    them. What follows a closing quote belongs to the cell, and a quote that is never closed closes
    at the end of the line."""
    line = line.rstrip("\r\n")
    # Possessive, so that a long line of quotes takes no time.
    cell = re.compile(rf'(?:"((?:[^"]|"")*+)("?+))?+([^{re.escape(delimiter)}]*+)')
    sound: list[str] = []
    rest: list[str] = []
    at = 0
    while at <= len(line) and (found := cell.match(line, at)) is not None:
        quoted, closed, behind = found.groups()
        text = behind if quoted is None else quoted.replace('""', '"') + behind
        faulty = len(text) > LONGEST_FIELD or (quoted is not None and (not closed or behind != ""))
        (rest if rest or faulty else sound).append(text)
        at = found.end() + 1
    return sound, rest


class _Lines(Iterator[str]):
    """The lines of a stream, ended by LF, CR or both, with those of the present row at hand."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []
        self._characters = 0
        # The number of the last line that was given, from 1.
        self.number = 0
        # The lines that were given since the present row began.
        self.held: list[str] = []

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else self._stream.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        if self.number == 0:
            # A mark of its own is left where two files were joined, or a program wrote it twice.
            line = line.lstrip(_MARK) or "\n"
        self.number += 1
        self._characters += len(line)
        if self._characters > LONGEST_ROW:
            if len(self.held) == 0:
                raise InvalidInputError(
                    f"line {self.number}", f"lines of at most {LONGEST_ROW} characters"
                )
            self.held.append(line)
            raise csv.Error
        self.held.append(line)
        return line

    def begin_row(self, *, again: bool = False) -> int:
        """End the present row, and return the line where it began. ``again``: the lines after its
        first are given once more."""
        first = self.number - len(self.held) + 1
        if again:
            self._waiting.extend(reversed(self.held[1:]))
            self.number = first
        self.held.clear()
        self._characters = 0
        return first


def delimiters(path: Path, encoding: str) -> tuple[str, ...]:
    """The delimiters that the file may have: the one that a first line ``sep=;`` tells, or any.

    Raises as ``DelimitedFile.rows`` does.
    """
    with path.open(encoding=encoding, newline="") as stream:
        try:
            first = stream.readline(100).lstrip(_MARK).strip(" \r\n\"'")
        except UnicodeDecodeError:
            raise InvalidInputError("line 1", f"text in {encoding.upper()}") from None
    told = first[4:] if first.lower().startswith("sep=") else ""
    return (told,) if len(told) == 1 else DELIMITERS

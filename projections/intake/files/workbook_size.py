"""How much memory a workbook takes, found by reading it as a stream, before anything opens it.

The library takes the memory for a whole sheet at once: a rectangle, however few of its cells are
used, with a copy of every text. A small file may ask for a large one, and the process ends if there
is not enough.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from domain.errors import InvalidInputError

# Of a sheet and of the whole file. The last is Excel's own bound.
MOST_CELLS = 10_000_000
MOST_CHARACTERS = 100_000_000
MOST_BYTES = 1 << 29
LONGEST_CELL = 32_767

_CHUNK = 1 << 20
_REFERENCE = re.compile("([A-Za-z]{1,4})([0-9]{1,8})")
_SHARED = "xl/sharedstrings.xml"
# What a sheet has, and by which a part is known to be one whatever it is called.
_SHEET = b"sheetData"


def check(path: Path) -> None:
    """Raises InvalidInputError unless ``path`` is a workbook, and all of it fits into memory."""
    budget = _Budget()
    try:
        with zipfile.ZipFile(path) as archive:
            # Cells name texts that are in another part.
            for member in sorted(archive.infolist(), key=lambda m: m.filename.lower() != _SHARED):
                with archive.open(member) as file:
                    _check_part(file, member.filename.lower(), budget)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise _unreadable() from None


class _Budget:
    """What the parts of a workbook have together: bytes, characters, and the lengths of the texts
    that cells name."""

    def __init__(self) -> None:
        self.unpacked = 0
        self.characters = 0
        self.shared = array("I")

    def chunks(self, file: IO[bytes]) -> Iterator[bytes]:
        """What is in the file, as long as it is not too much."""
        while chunk := file.read(_CHUNK):
            self.unpacked += len(chunk)
            if self.unpacked > MOST_BYTES:
                raise _too_large(f"a spreadsheet of at most {MOST_BYTES >> 20} MB unpacked")
            yield chunk

    def add(self, characters: int) -> None:
        """A cell has a text of so many characters."""
        self.characters += characters
        if characters > LONGEST_CELL:
            raise _too_large(f"cells of at most {LONGEST_CELL} characters")
        if self.characters > MOST_CHARACTERS:
            raise _too_large(f"sheets of at most {MOST_CHARACTERS} characters")


class _Part:
    """What has been seen of one part. It counts as the library does: a cell that does not say where
    it is comes behind the one before it, and a row below the one before it."""

    def __init__(self, budget: _Budget, *, has_texts: bool) -> None:
        self.budget = budget
        self.has_texts = has_texts
        self._row, self._column = 1, 0
        self._rows, self._columns = 1, 1
        # Characters of the present cell or text; the number of the text that the cell names.
        self._length = 0
        self._named: str | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        # With a document type there may be entities, which make a long text of a short one.
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            place = attributes.get("r")
            if place is None:
                self._column += 1
            else:
                self._column, self._row = _place(place)
            if self._column > self._columns or self._row > self._rows:
                self._grow()
            self._length = 0
            self._named = "" if attributes.get("t") == "s" else None
        elif name == "row" and "r" in attributes:
            self._row = _whole(attributes["r"])
            self._grow()
        elif name == "si":
            self._length = 0

    def _end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            if self._length:
                self.budget.add(self._length if self._named is None else self._named_length())
        elif name == "row":
            self._row += 1
            self._column = 0
        elif name == "si" and self.has_texts:
            if self._length > LONGEST_CELL:
                raise _too_large(f"cells of at most {LONGEST_CELL} characters")
            self.budget.shared.append(self._length)

    def _text(self, text: str) -> None:
        self._length += len(text)
        if self._named is not None:
            self._named = (self._named + text)[:20]

    def _named_length(self) -> int:
        """The length of the shared text that the present cell names; 0 where there is none."""
        number = (self._named or "").strip()
        shared = self.budget.shared
        at = int(number) if number.isascii() and number.isdigit() else len(shared)
        return shared[at] if at < len(shared) else 0

    def _grow(self) -> None:
        self._rows = max(self._rows, self._row)
        self._columns = max(self._columns, self._column)
        if self._rows * self._columns > MOST_CELLS:
            raise _too_large(f"sheets of at most {MOST_CELLS} cells, unused ones counted too")

    def _refuse(self, *_: Any) -> None:
        raise _unreadable()


def _check_part(file: IO[bytes], name: str, budget: _Budget) -> None:
    """Raises InvalidInputError where the part has too much in it, or is no XML though it has to
    be. What is none, such as a picture, may be anything but a sheet."""
    part = _Part(budget, has_texts=name == _SHARED)
    is_xml, has_sheet, rest = True, False, b""
    for chunk in budget.chunks(file):
        has_sheet = has_sheet or _SHEET in rest + chunk
        rest = chunk[-len(_SHEET) :]
        is_xml = is_xml and _parsed(part, chunk)
    is_xml = is_xml and _parsed(part, b"", is_last=True)
    if not is_xml and (has_sheet or name.endswith((".xml", ".rels"))):
        raise _unreadable()


def _parsed(part: _Part, chunk: bytes, *, is_last: bool = False) -> bool:
    """Whether it is XML so far."""
    try:
        part.parser.Parse(chunk, is_last)
    except (expat.ExpatError, LookupError, ValueError):
        return False
    return True


def _place(reference: str) -> tuple[int, int]:
    """Column and row, from 1, of a cell such as ``AB12``."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise _unreadable()
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - 64
    return column, int(found[2])


def _whole(number: str) -> int:
    if not (number.isascii() and number.isdigit() and len(number) <= 8):
        raise _unreadable()
    return int(number)


def _too_large(expected: str) -> InvalidInputError:
    return InvalidInputError("file", expected)


def _unreadable() -> InvalidInputError:
    return InvalidInputError("file", "a spreadsheet (.xlsx) that can be opened")

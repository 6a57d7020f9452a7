"""In which encoding a text file is written."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from domain.errors import InvalidInputError
from projections.intake.files import code_pages

# In bytes.
CHUNK = 1 << 20
# Words that say enough of a code page.
ENOUGH_WORDS = 5000

_ASCII = bytes(range(128))
# UTF-32 begins like UTF-16 does, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """The name of the encoding, for ``open``: what the file's mark says, else UTF-8 if all of it
    is, else the Windows code page that its words speak for.

    Raises InvalidInputError where it is none of these, naming the first line that is not, and
    OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if (line := _first_line_that_is_not_utf8(path)) is None:
        return "utf-8"
    words, present, mostly_utf8 = _beyond_ascii(path)
    page = None if mostly_utf8 else code_pages.code_page(words, present)
    if page is None:
        raise InvalidInputError(f"line {line}", "text in UTF-8, UTF-16 or one Windows code page")
    return page


def _first_line_that_is_not_utf8(path: Path) -> int | None:
    """The number of that line, from 1; None if the whole file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    for chunk in _chunks(path):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            return lines + error.object[: error.start].count(b"\n")
        lines += chunk.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return lines
    return None


def _beyond_ascii(path: Path) -> tuple[list[bytes], bytes, bool]:
    """Words with bytes beyond ASCII, all such bytes that there are, and whether half of the words
    or more are UTF-8: then the file is a damaged one, and no code page is right."""
    words: list[bytes] = []
    present: set[int] = set()
    for chunk in _chunks(path):
        present.update(chunk.translate(None, _ASCII))
        if len(words) < ENOUGH_WORDS:
            words.extend(code_pages.words_of(chunk))
    as_utf8 = sum(_is_utf8(word) for word in words)
    return words[:ENOUGH_WORDS], bytes(sorted(present)), 2 * as_utf8 >= len(words)


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk

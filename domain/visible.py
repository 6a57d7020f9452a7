"""Texts from outside as people may see them: what has no shape of its own is spelt out.

A terminal, a log or a page acts on some characters instead of showing them: it moves the cursor,
turns the line, or shows nothing at all. Here they become what a programmer would write for them,
as ``\\x1b`` or ``\\u202e``. Letters of every script, signs and emoji stay, with the joiners and
variation selectors that belong to them (Unicode Standard, sections 5.21, 23.2 to 23.4).
"""

from __future__ import annotations

import re
import unicodedata

# Controls, formats, halves of surrogate pairs, and separators of lines and paragraphs.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Signs that belong to numbers and are seen, though Unicode counts them among the formats.
_SEEN_FORMATS = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]")
# What nobody sees though its category is another: Unicode's Default_Ignorable_Code_Point beyond
# the formats, and the braille pattern without a dot.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U00013430-\U0001345f\U000e0000-\U000e0fff]"
)
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Of what is written in these, a digit and a sign of a telephone become an emoji, too.
_KEYCAP = re.compile("[0-9#*]\ufe0f\u20e3")
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
# Of a JSON document outside ASCII, and DEL. What is kept above may stay as it is here.
_IN_JSON = re.compile("[\x7f-\U0010ffff]")


def visible(text: str) -> str:
    """``text`` on one line, with every character spelt out that could act or hide."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isascii() and c.isprintable() else _shown(text, at) for at, c in enumerate(text)
    )


def is_unseen(c: str) -> bool:
    """Whether the character has no shape of its own, and may be passed over by who reads it."""
    if _UNSEEN.fullmatch(c):
        return True
    return unicodedata.category(c) in _ACTING and not _SEEN_FORMATS.fullmatch(c)


def visible_lines(text: str) -> str:
    """The same, where ``text`` is meant to have several lines: they end with LF."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(document: str) -> str:
    """A JSON document that says the same, with such characters as escapes of JSON."""
    if document.isascii() and "\x7f" not in document:
        return document
    return _IN_JSON.sub(_escaped, document)


def _escaped(found: re.Match[str]) -> str:
    if _is_kept(found.string, found.start()):
        return found[0]
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _shown(text: str, at: int) -> str:
    c = text[at]
    if _is_kept(text, at):
        return c
    code = ord(c)
    if c in _NAMED:
        return _NAMED[c]
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    )


def _is_kept(text: str, at: int) -> bool:
    """Whether the character there is shown by what it stands for."""
    c = text[at]
    if c in _JOINERS:
        return at > 0 and at + 1 < len(text) and _joins(text[at - 1]) and _joins(text[at + 1])
    if _SELECTORS.fullmatch(c):
        return at > 0 and (_is_base(text[at - 1]) or bool(_KEYCAP.match(text, at - 1)))
    if _UNSEEN.fullmatch(c):
        return False
    return unicodedata.category(c) not in _ACTING or bool(_SEEN_FORMATS.fullmatch(c))


def _joins(c: str) -> bool:
    """Whether a joiner beside ``c`` shows: in scripts without capitals, and among emoji."""
    mark = unicodedata.category(c).startswith("M") and not _UNSEEN.fullmatch(c)
    return mark or c == "\ufe0f" or _is_base(c)


def _is_base(c: str) -> bool:
    """Whether ``c`` may have a variant that a selector asks for."""
    kind = unicodedata.category(c)
    return (
        not c.isascii()
        and not _UNSEEN.fullmatch(c)
        and (kind in ("Lo", "Po", "Pd") or kind.startswith("S") or c == "\N{INFORMATION SOURCE}")
    )

"""How phones are written: from a text to its digits, and whether there is a plus before them.

What is a digit only to the eye, and what is clearly something else than one phone, is refused.
"""

from __future__ import annotations

import re
import unicodedata

EXPECTED = "a phone number such as +60123456789"

# Characters. With all that people and spreadsheets write around a phone it is shorter.
LONGEST = 200

_BEFORE = re.compile(r"(?:'|tel:|whatsapp:| )*", re.IGNORECASE | re.ASCII)
_WRITTEN = re.compile(r"[ (]*+(?P<plus>[+]?)[ (]*+(?P<rest>[0-9][0-9 ()./-]*+)")

_APOSTROPHES = "\u2018\u2019\u02bc"
# Beside the category of dashes: minus, hyphen bullet, and what East Asia writes between digits.
_DASHES = "\u2212\u2043\u02d7\u2500\u30fc"

# What a spreadsheet adds to a number. Two zeros after digits with gaps may be a phone's own:
# France writes 06.12 34 56.00.
_DECIMALS = re.compile(r"(?:([+]?[0-9]+)[.]00?|([^.]*[0-9])[.]0)")
_FRACTION = re.compile(r"[^.]*[.][0-9]{1,2}|[+]?[0-9]{8,}[.][0-9]+")

# What a spreadsheet makes of a long number.
_EXPONENT = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+]?[0-9]+")

_AROUND_SEPARATOR = re.compile(r" *([-/. ]) *")
_DATE = re.compile(
    r"(?P<first>[0-9]{1,4})(?P<separator>[-/. ])(?P<second>[0-9]{1,2})(?P=separator)"
    r"(?P<third>[0-9]{1,4})(?P<time> .*)?"
)
# An identity card's number that begins with the day of birth, as 900101-14-5678 does.
_IDENTITY = re.compile(r"[0-9]{2}([0-9]{2})([0-9]{2})-[0-9]{2}-[0-9]{4}")


class RefusedError(ValueError):
    """No phone. The text says what was expected, and holds nothing of what was given."""


def plain(value: str) -> str:
    """``value`` with ASCII digits, spaces and dashes in place of those of other scripts.

    Marks of direction, what has no width, what is written before a phone (``tel:``, an apostrophe)
    and a spreadsheet's decimals are gone. Raises RefusedError for what only looks like a digit,
    such as ``²``, and for a text over ``LONGEST`` characters.
    """
    if len(value) > LONGEST:
        raise RefusedError(f"{EXPECTED}, of at most {LONGEST} characters")
    text = value if value.isascii() else "".join(map(_folded, value))
    text = _BEFORE.sub("", " ".join(text.split()), count=1)
    if decimals := _DECIMALS.fullmatch(text):
        return str(decimals[1] or decimals[2])
    return text


def _folded(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Cf":
        return ""
    folded = unicodedata.normalize("NFKC", character)
    if category == "Pd" or folded in _DASHES:
        return "-"
    if folded in _APOSTROPHES:
        return "'"
    if any(c.isdigit() for c in folded):
        raise RefusedError(EXPECTED)
    return folded


def _why(text: str) -> str:
    """What was expected in place of a text that is not written as phones are."""
    if not text:
        return f"{EXPECTED}; there is none"
    if _EXPONENT.fullmatch(text):
        return f"{EXPECTED}; a spreadsheet has cut off its digits: format the column as text"
    if re.search("[0-9]", text):
        return f"{EXPECTED}, of digits and + ( ) . / - alone"
    return EXPECTED


def plus_and_digits(text: str) -> tuple[bool, str]:
    """Whether the plain ``text`` has a plus, or ``00`` in place of it, and the digits behind that.

    Raises RefusedError where ``text`` is not written as phones are.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise RefusedError(_why(text))
    digits = re.sub("[^0-9]", "", written["rest"])
    if not written["plus"] and _is_date(text):
        raise RefusedError(f"{EXPECTED}, not a date")
    if _FRACTION.fullmatch(text):
        raise RefusedError(f"{EXPECTED}, not a number with a fraction")
    if not written["plus"] and digits.startswith("00"):
        return True, digits[2:]
    return bool(written["plus"]), digits


def _is_date(text: str) -> bool:
    """Denmark writes phones in pairs, 20 26 11 81: with spaces, a year has four digits."""
    if identity := _IDENTITY.fullmatch(text):
        return _are_month_and_day(identity[1], identity[2])
    date = _DATE.fullmatch(_AROUND_SEPARATOR.sub(r"\1", text))
    if date is None or (date["time"] and date["separator"] == " "):
        return False
    first, second, third = date["first"], date["second"], date["third"]
    short_year = date["separator"] in "-/"
    return (_is_year(first, short_year) and _are_month_and_day(second, third)) or (
        _is_year(third, short_year)
        and (_are_month_and_day(first, second) or _are_month_and_day(second, first))
    )


def _is_year(digits: str, short: bool) -> bool:
    return re.fullmatch("(?:19|20)[0-9]{2}" + ("|[0-9]{2}" if short else ""), digits) is not None


def _are_month_and_day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31

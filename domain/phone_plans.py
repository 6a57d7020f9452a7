"""Phones that are written as plain digits, by the number plan of their country.

Most phones of a file are. To read one as the library does takes ten times as long, because it looks
for extensions, letters and carriers first. What is not plain is left to the library.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import phonenumbers

from domain.phone_kinds import KINDS, plan_of

# Argentina, Brazil and Mexico: one number has several spellings there.
_SPELT_IN_SEVERAL_WAYS = frozenset({52, 54, 55})

_INTERNATIONAL = re.compile("[+][1-9][0-9]{6,14}")
_NATIONAL = re.compile("[0-9]{6,14}")


class _Kind(NamedTuple):
    """The pattern of a kind of number, and its lengths; none means that the pattern says it."""

    matches: Any
    lengths: Sequence[int]

    def has(self, national: str) -> bool:
        """Whether ``national`` is one."""
        return (not self.lengths or len(national) in self.lengths) and bool(self.matches(national))


class _Region(NamedTuple):
    """What begins the numbers of a region, where that is what tells it from others with its country
    code; what all its numbers have in common; and its kinds."""

    begins: Any
    general: _Kind
    kinds: Sequence[_Kind]

    def has(self, national: str) -> bool:
        """Whether ``national`` is a number of it."""
        return self.general.has(national) and any(kind.has(national) for kind in self.kinds)


class _Country(NamedTuple):
    """What is taken from the beginning of a number after its country code, and the regions."""

    prefix: Any
    regions: Sequence[_Region]


class _Home(NamedTuple):
    """How a region dials: its country code, what goes before a number of another country, and what
    before one of its own; and what all its numbers have in common."""

    code: str
    abroad: Any
    prefix: Any
    general: _Kind


def international(text: str) -> str | None:
    """``text`` itself, if it is a plus and the digits of a valid number, of which no part is taken
    away. None says nothing."""
    if _INTERNATIONAL.fullmatch(text) is None:
        return None
    code = next((text[1:n] for n in (2, 3, 4) if int(text[1:n]) in _CODES), None)
    if code is None or int(code) in _SPELT_IN_SEVERAL_WAYS:
        return None
    national = text[1 + len(code) :]
    country = _country(int(code))
    if national[0] == "0" or (country.prefix is not None and country.prefix(national)):
        return None
    for region in country.regions:
        if region.begins is not None:
            if region.begins(national):
                return text if region.has(national) else None
        elif region.has(national):
            return text
    return None


def national(text: str, region: str | None) -> str | None:
    """The E.164 of the digits ``text``, if ``region`` dials a valid number of its country so, and
    they can be read in no other way. None says nothing."""
    if region is None or _NATIONAL.fullmatch(text) is None:
        return None
    home = _home(region)
    if home is None or (home.abroad and home.abroad(text)):
        return None
    rest = text
    if text.startswith(home.code):
        # It could be a number without its country code, too.
        rest = text[len(home.code) :]
        if home.general.matches(text) or not home.general.matches(rest):
            return None
        if home.prefix is not None and home.prefix(rest):
            return None
        return international(f"+{text}")
    if home.prefix is not None and (taken := home.prefix(text)):
        rest = text[taken.end() :]
        # A prefix is taken from what is a number without it.
        if not home.general.has(rest):
            return None
    return international(f"+{home.code}{rest}")


_CODES = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@cache
def _country(code: int) -> _Country:
    plans = [plan_of(code, each) for each in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]]
    prefix = plans[0].national_prefix_for_parsing
    several = len(plans) > 1
    regions = [
        _Region(
            _matcher(plan.leading_digits) if several and plan.leading_digits else None,
            _kind(plan.general_desc),
            [
                _kind(kind)
                for name in KINDS
                if (kind := getattr(plan, name)) is not None and kind.national_number_pattern
            ],
        )
        for plan in plans
    ]
    return _Country(_matcher(prefix) if prefix else None, regions)


@cache
def _home(region: str) -> _Home | None:
    """None where more than digits is taken away: there the library has to say what is left."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(region.upper(), None)
    if plan is None or plan.national_prefix_transform_rule:
        return None
    abroad, prefix = plan.international_prefix, plan.national_prefix_for_parsing
    return _Home(
        str(plan.country_code),
        _matcher(abroad) if abroad else None,
        _matcher(prefix) if prefix else None,
        _kind(plan.general_desc),
    )


def _matcher(pattern: str) -> Any:
    return re.compile(pattern).match


def _kind(kind: Any) -> _Kind:
    return _Kind(re.compile(kind.national_number_pattern).fullmatch, tuple(kind.possible_length))

"""Which kind of number the first digits name, such as mobile or toll-free, and its lengths.

The library of number plans says whether a number is valid. Of one that is not, because it was cut
or because its range is newer than the library, it does not say which kind it would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import phonenumbers

KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


def named_lengths(country_code: int, national: str) -> frozenset[int]:
    """The lengths of all kinds that the first digits of ``national`` name; empty if none.

    ``national`` is the number without the country code.
    """
    named: set[int] = set()
    for kind in _kinds(country_code):
        if any(_names(national, kind, length) for length in kind.possible_length):
            named.update(kind.possible_length)
    return frozenset(named)


def plan_of(country_code: int, region: str) -> Any:
    """The library's plan of the numbers of a region with that country code."""
    if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return phonenumbers.PhoneMetadata.metadata_for_nongeo_region(country_code)
    return phonenumbers.PhoneMetadata.metadata_for_region(region)


def _kinds(country_code: int) -> Iterator[Any]:
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]:
        plan = plan_of(country_code, region)
        for name in KINDS:
            kind = getattr(plan, name)
            if kind is not None and kind.national_number_pattern:
                yield kind


def _names(national: str, kind: Any, length: int) -> bool:
    """Whether ``national``, cut or filled up to ``length`` digits, is a number of ``kind``.

    Where it is too short, one digit is not enough to name a kind: another has to agree.
    """
    pattern = re.compile(kind.national_number_pattern)
    missing = length - len(national)
    if missing <= 0:
        return pattern.fullmatch(national[:length]) is not None
    for fill in "0123456789":
        filled = national + fill * missing
        if pattern.fullmatch(filled):
            return any(
                pattern.fullmatch(filled[0] + other + filled[2:]) is None for other in "0123456789"
            )
    return False

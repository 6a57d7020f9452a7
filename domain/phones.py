"""Phones: from what people and spreadsheets write to E.164, and to the one spelling of a person.

A phone that is read wrongly is a stranger's. So what is not clearly one phone is refused, and a
country is never guessed. An error names the readings that a phone could have, never the phone.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

from domain import phone_kinds, phone_plans
from domain.errors import InvalidInputError
from domain.phone_text import EXPECTED, RefusedError, plain, plus_and_digits

# The longest of E.164.
MOST_DIGITS = 15
# Fewer are not two phones in one.
_DIGITS_OF_TWO = 12

# Whose phones are known, as ISO 3166-1 alpha-2.
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)

# What may be the beginning of a second phone.
_GROUP_WITH_ZERO = re.compile("(?<=[^0-9(])[(]?0[0-9]*")

# ``canonical_phone`` in ``projections/schema/functions`` is the same in SQL.
_SHORT_BR = re.compile(r"[+]55[1-9][0-9][6-9][0-9]{7}")
_LONG_MX = re.compile(r"[+]521[0-9]{10}")
_SHORT_AR = re.compile(r"[+]54[0-9]{10}")


def parse(value: str, default_region: str | None = None, field: str = "phone") -> str:
    """The phone in E.164, e.g. ``+60123456789``, in the spelling that was given.

    ``default_region`` (ISO 3166-1 alpha-2, e.g. ``MY``) is the country of a phone without a country
    code. Where it is None such a phone is refused. Raises InvalidInputError for ``field``.
    """
    try:
        if found := phone_plans.international(value):
            return found
        text = plain(value)
        if found := _of_plan(text, default_region):
            return found
        number, digits = _number(text, default_region)
        if len(digits) >= _DIGITS_OF_TWO and _are_two(text, number):
            raise RefusedError("one phone number, not two")
        phone = _e164(number)
        # What the library leaves out, such as the zero in +60 (0)12, may have something behind it
        # that it leaves out too. Such a number is none.
        if phone != f"+{digits}" and _parsed(phone, None) != number:
            raise RefusedError(EXPECTED)
    except RefusedError as refused:
        raise InvalidInputError(field, str(refused)) from None
    return phone


def canonical(e164: str) -> str:
    """The one spelling of a phone in E.164 that has several on WhatsApp; all else is unchanged.

    Mobile phones of Brazil get their ninth digit, those of Mexico lose the 1 after the country
    code, those of Argentina get the 9 there.
    """
    if _SHORT_BR.fullmatch(e164):
        return f"{e164[:5]}9{e164[5:]}"
    if _LONG_MX.fullmatch(e164):
        return f"+52{e164[4:]}"
    if _SHORT_AR.fullmatch(e164):
        return f"+549{e164[3:]}"
    return e164


def _of_plan(text: str, region: str | None) -> str | None:
    """The phone, if its digits are one that can be read in no other way. None says nothing. Raises
    RefusedError where ``text`` is not written as phones are."""
    plus, digits = plus_and_digits(text)
    if _GROUP_WITH_ZERO.search(text):
        return None
    return phone_plans.international(f"+{digits}") if plus else phone_plans.national(digits, region)


def _number(text: str, region: str | None) -> tuple[PhoneNumber, str]:
    """The number that the plain ``text`` is, and its digits without ``00``. Raises RefusedError."""
    plus, digits = plus_and_digits(text)
    number = _international(digits) if plus else _national(digits, region)
    if len(_e164(number)) > 1 + MOST_DIGITS:
        raise RefusedError(f"one phone number, of at most {MOST_DIGITS} digits")
    return number, digits


def _international(digits: str) -> PhoneNumber:
    """The number of these digits after a plus.

    Raises RefusedError unless its length is possible for the kind of number that its first digits
    name, or for its country where they name none.
    """
    number = _parsed(f"+{digits}", None)
    if number is None:
        raise RefusedError(f"{EXPECTED}, with a country code that there is")
    judged = _in_canonical_form(number)
    if phonenumbers.is_valid_number(judged):
        return number
    country_code, region = _country(judged)
    # A number without its area code is "possible locally": nobody elsewhere can reach it.
    reason = phonenumbers.is_possible_number_with_reason(judged)
    national = phonenumbers.national_significant_number(judged)
    if reason == ValidationResult.IS_POSSIBLE:
        lengths = phone_kinds.named_lengths(country_code, national)
        if not lengths or len(national) in lengths:
            return number
    raise RefusedError(f"a phone number as long as its country has them ({_shown(region)})")


def _national(digits: str, region: str | None) -> PhoneNumber:
    """The number of ``region``, or of one that is dialled alike, that these digits are, with or
    without its country code.

    Raises RefusedError, with the reading after a plus, if it is not valid.
    """
    if region is None:
        wanted = "a country code such as +60 (or set SENDTRAIL_DEFAULT_REGION)"
        raise RefusedError(wanted + _hint(digits))
    country_code = phonenumbers.country_code_for_region(region)
    local = _valid(digits, region)
    if local is not None and local.country_code != country_code:
        local = None
    with_plus = _valid(f"+{digits}", None) if digits.startswith(str(country_code)) else None
    if local is not None and with_plus is not None and local != with_plus:
        return _mobile(local, with_plus, region)
    number = local or with_plus
    if number is None:
        raise RefusedError(f"a number of {region}{_hint(digits)}")
    return number


def _mobile(local: PhoneNumber, with_plus: PhoneNumber, region: str) -> PhoneNumber:
    """Of the two readings the one that is a mobile phone's.

    That is how Germany's 49 151 … is told from the landlines of a town whose area code is 0491.
    Raises RefusedError if both are, or none.
    """
    mobile = [
        number
        for number in (local, with_plus)
        if phonenumbers.number_type(_in_canonical_form(number)) == PhoneNumberType.MOBILE
    ]
    if len(mobile) != 1:
        raise RefusedError(
            f"a + before the country code, or a 0: it could be two numbers of {region}"
        )
    return mobile[0]


def _hint(digits: str) -> str:
    number = _valid(f"+{digits}", None)
    if number is None:
        return ""
    region = phonenumbers.region_code_for_number(_in_canonical_form(number))
    return f"; with + it would be one of {_shown(region)}"


def _country(number: PhoneNumber) -> tuple[int, str]:
    """The country code, and the first of the regions that have it."""
    country_code = number.country_code or 0
    return country_code, phonenumbers.region_code_for_country_code(country_code)


def _shown(region: str | None) -> str:
    """A region for people; some country codes, such as +800, are of none."""
    return "all countries" if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else str(region)


def _are_two(text: str, number: PhoneNumber) -> bool:
    """Whether ``text`` is two phones, the second with its zero. Where lengths vary, as in Germany,
    both in one can be as long as a number."""
    _, region = _country(number)
    return any(
        _is_phone(text[: group.start()], region) and _is_phone(text[group.start() :], region)
        for group in _GROUP_WITH_ZERO.finditer(text)
    )


def _is_phone(text: str, region: str) -> bool:
    try:
        number, _ = _number(text, region)
    except RefusedError:
        return False
    return phonenumbers.is_valid_number(_in_canonical_form(number))


def _valid(text: str, region: str | None) -> PhoneNumber | None:
    number = _parsed(text, region)
    if number is not None and phonenumbers.is_valid_number(_in_canonical_form(number)):
        return number
    return None


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _in_canonical_form(number: PhoneNumber) -> PhoneNumber:
    phone = _e164(number)
    spelled = canonical(phone)
    return number if spelled == phone else _parsed(spelled, None) or number


def _e164(number: PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))

"""Which clock is on the wall where a person is."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from domain import values
from domain.windows import Window


class House(NamedTuple):
    """What holds for everybody: the clock of whom nothing else says where they are, the quiet
    hours, and whether what is sent needs the approval of another one (``four_eyes``)."""

    timezone: str = "UTC"
    quiet: Window | None = None
    four_eyes: bool = False


def of_recipient(own: str | None, owners: str | None, phone: str, house: House) -> ZoneInfo:
    """The zone of a person: her ``own``, else that of the campaign or sequence, else that of the
    country of the ``phone`` (E.164) where it has but one, else the house's."""
    return values.zone(own or owners or of_phone(phone) or house.timezone)


def of_phone(phone: str) -> str | None:
    """The only zone of the phone's country, by IANA's table of zones and countries; None where it
    has several, or where nobody knows the country."""
    return _of_countries().get(_country(phone) or "")


def _country(phone: str) -> str | None:
    """The country of the phone (E.164); None where nobody knows it."""
    for digits in (1, 2, 3):
        countries = COUNTRY_CODE_TO_REGION_CODE.get(int(phone[1 : 1 + digits] or 0), ())
        # Most codes are of one country. Then the number need not be taken apart, which takes long.
        if len(countries) == 1:
            return str(countries[0])
    try:
        return str(phonenumbers.region_code_for_number(phonenumbers.parse(phone)))
    except phonenumbers.NumberParseException:
        return None


@cache
def _of_countries() -> dict[str, str]:
    """The zones of the countries that have but one, by ISO 3166."""
    zones: dict[str, list[str]] = {}
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    for line in table.splitlines():
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            zones.setdefault(country, []).append(zone)
    return {country: names[0] for country, names in zones.items() if len(names) == 1}

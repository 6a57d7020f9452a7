"""Which clock is on the wall where a person is."""

from __future__ import annotations

import phonenumbers
import pytest

from domain import values, zones
from domain.errors import InvalidInputError
from domain.zones import House

HOUSE = House(timezone="Europe/Rome")


@pytest.mark.parametrize(
    ("own", "owners", "phone", "expected"),
    [
        ("Asia/Tokyo", "Asia/Kolkata", "+6581234567", "Asia/Tokyo"),
        (None, "Asia/Kolkata", "+6581234567", "Asia/Kolkata"),
        (None, None, "+6581234567", "Asia/Singapore"),
        (None, None, "+919876543210", "Asia/Kolkata"),
        (None, None, "+18765551234", "America/Jamaica"),
        # Several zones, and nothing is guessed from an area code.
        (None, None, "+12125550123", "Europe/Rome"),
        (None, None, "+60123456789", "Europe/Rome"),
        (None, None, "+5511987654321", "Europe/Rome"),
        (None, None, "+88312345678", "Europe/Rome"),
        (None, None, "", "Europe/Rome"),
    ],
)
def test_the_first_that_is_known_counts(
    own: str | None, owners: str | None, phone: str, expected: str
) -> None:
    """Her own, the campaign's, her country's if it has but one, the house's."""
    assert str(zones.of_recipient(own, owners, phone, HOUSE)) == expected


@pytest.mark.parametrize(
    "name", ["localtime", "Factory", "posixrules", "", "asia/tokyo", "../UTC", "GMT+25", "Mars"]
)
def test_a_file_beside_the_zones_is_none(name: str) -> None:
    """Names are those of the database, whatever else a machine has in that folder."""
    with pytest.raises(InvalidInputError, match="IANA time zone"):
        values.zone(name)


@pytest.mark.parametrize("name", ["UTC", "Etc/GMT+5", "US/Eastern", "Asia/Kuala_Lumpur"])
def test_old_names_are_good(name: str) -> None:
    assert str(values.zone(name)) == name


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_code_says_the_country_as_the_whole_number_does(region: str) -> None:
    """Where the code of a country is enough, nothing else would be found from the digits."""
    example = phonenumbers.example_number(region)
    phone = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    whole = phonenumbers.region_code_for_number(example)
    assert zones.of_phone(phone) == zones._of_countries().get(whole)

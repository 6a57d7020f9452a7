"""Two hundred people of eight countries, whose phones are written in every way."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.support.speech import Sender


class Country(NamedTuple):
    """``phone`` makes the digits of a person's phone from her number; ``wa_id`` how WhatsApp writes
    them, ``listed`` how lists have them, where that is something else."""

    name: str
    phone: str
    wa_id: str = ""
    listed: str = ""


COUNTRIES = (
    Country("Malaysia", "6012345{:04d}"),
    Country("Indonesia", "62812345{:05d}"),
    Country("Singapore", "658123{:04d}"),
    # WhatsApp and old lists leave the ninth digit out.
    Country("Brazil", "558399944{:04d}", wa_id="55839944{:04d}", listed="55839944{:04d}"),
    # WhatsApp keeps the old 1.
    Country("Mexico", "52551234{:04d}", wa_id="521551234{:04d}", listed="521551234{:04d}"),
    # Lists do not have the 9.
    Country("Argentina", "549115000{:04d}", listed="54115000{:04d}"),
    Country("India", "91987654{:04d}"),
    Country("United States", "1212555{:04d}"),
)

FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
ARABIC = {ord("0") + digit: 0x0660 + digit for digit in range(10)}


def _grouped(digits: str) -> str:
    return f"{digits[:2]} ({digits[2:5]}) {digits[5:8]}-{digits[8:]}"


# Ways to write a phone of any country, given its digits.
WITH_PLUS: tuple[Callable[[str], str], ...] = (
    lambda digits: f"+{digits}",
    lambda digits: f"00{digits}",
    lambda digits: f"+{_grouped(digits)}",
    lambda digits: f"tel:+{digits}",
    lambda digits: f"whatsapp:+{digits}",
    lambda digits: f"'+{digits}",
    lambda digits: f"+{digits}.0",
    lambda digits: "+" + digits.translate(FULL_WIDTH),
    lambda digits: "+" + digits.translate(ARABIC),
    lambda digits: f"\N{LEFT-TO-RIGHT EMBEDDING}+{digits}\N{POP DIRECTIONAL FORMATTING}",
    lambda digits: f"+{digits[:4]}\N{EN DASH}{digits[4:8]}\N{NO-BREAK SPACE}{digits[8:]}",
)
# Ways to write a phone of one's own country.
LOCAL: tuple[Callable[[str], str], ...] = (
    lambda digits: f"0{digits[2:4]}-{digits[4:7]} {digits[7:]}",
    lambda digits: f"0{digits[2:]}",
    lambda digits: digits,
    lambda digits: f"{digits}.0",
    lambda digits: digits[2:],
)


class Person(NamedTuple):
    """``number`` is from 1 to 200. She writes with our number behind ``gateway``, and does her
    ``deed``."""

    number: int
    gateway: str
    deed: str

    @property
    def country(self) -> Country:
        return COUNTRIES[(self.number - 1) % len(COUNTRIES)]

    @property
    def name(self) -> str:
        return f"Person {self.number:03d}"

    @property
    def wa_id(self) -> str:
        return (self.country.wa_id or self.country.phone).format(self.number)

    @property
    def listed(self) -> str:
        """The digits of her phone as our file or form has them: every second one of a country that
        has two spellings in the spelling that WhatsApp does not use, or used to use."""
        other = self.country.listed and (self.number - 1) // len(COUNTRIES) % 2
        return (self.country.listed if other else self.country.phone).format(self.number)

    @property
    def written(self) -> str:
        """Her phone as our file or form has it."""
        ways = LOCAL + WITH_PLUS if self.country.name == "Malaysia" else WITH_PLUS
        return ways[(self.number - 1) // len(COUNTRIES) % len(ways)](self.listed)

    @property
    def moved_to(self) -> str:
        """The digits of the phone that she takes if she takes another."""
        return f"6019777{self.number:04d}"

    @property
    def other(self) -> str:
        """Her user id of the Cloud API, or her LID."""
        if self.gateway == "cloud":
            return f"MY.134912086553{self.number:06d}"
        return f"251556360{self.number:06d}@lid"

    @property
    def spellings(self) -> set[str]:
        """All digits that are hers."""
        return {self.wa_id, self.listed, self.country.phone.format(self.number), self.moved_to}

    @property
    def sender(self) -> Sender:
        """How the provider names her as a rule."""
        return Sender(self.wa_id)


def people(deeds: tuple[str, ...]) -> list[Person]:
    """One person of every country does each of the deeds; half of them write with our number on the
    Cloud API, the others with the one on GOWA."""
    found = []
    for index, deed in enumerate(deeds):
        for place in range(len(COUNTRIES)):
            gateway = ("cloud", "gowa")[(index + place) % 2]
            found.append(Person(index * len(COUNTRIES) + place + 1, gateway, deed))
    return found

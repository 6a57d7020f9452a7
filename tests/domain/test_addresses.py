"""Addresses: what providers write of one person, read, and nothing else."""

from __future__ import annotations

import pytest

from domain import addresses
from domain.addresses import Address

HERS = Address("wa_id", "60123456789")
LID = Address("lid", "251556360000035@lid")


@pytest.mark.parametrize(
    ("jid", "expected"),
    [
        ("60123456789@s.whatsapp.net", [HERS]),
        ("60123456789@c.us", [HERS]),
        ("60123456789:12@s.whatsapp.net", [HERS]),
        ("60123456789.0:12@s.whatsapp.net", [HERS]),
        ("251556360000035@lid", [LID]),
        ("251556360000035:3@lid", [LID]),
        ("60123456789@s.whatsapp.net in 251556360000035@lid", [HERS, LID]),
        ("60123456789:7@s.whatsapp.net in 251556360000035:7@lid", [HERS, LID]),
        ("251556360000035@lid in 60123456789@s.whatsapp.net", [LID, HERS]),
        ("60123456789:1@s.whatsapp.net in 60123456789@s.whatsapp.net", [HERS]),
        ("558299440002@s.whatsapp.net", [Address("wa_id", "558299440002")]),
    ],
)
def test_a_jid_names_one_person(jid: str, expected: list[Address]) -> None:
    """Which of her devices it was does not matter."""
    assert addresses.from_jid(jid) == expected


@pytest.mark.parametrize(
    "jid",
    [
        "120363402106000039@g.us",
        "60123456789@s.whatsapp.net in 120363402106000039@g.us",
        "60123456789@s.whatsapp.net in 60129999999@s.whatsapp.net",
        "251556360000035@lid in 251556360000036@lid",
        "status@broadcast",
        "120363402106000039@newsletter",
        "0@s.whatsapp.net",
        "1234@s.whatsapp.net",
        "060123456789@s.whatsapp.net",
        "1234567890123456@s.whatsapp.net",
        "100000000000000000000@lid",
        "0@lid",
        "60123456789",
        "+60123456789@s.whatsapp.net",
        "60123456789@s.whatsapp.net.example.com",
        "60123456789@s.whatsapp.net\n",
        "60123456789@s.whatsapp.net\0",
        "٦٠١٢٣٤٥٦٧٨٩@s.whatsapp.net",
        "60123456789@",
        "@lid",
        " in ",
        "",
        "\ud800@lid",
        None,
        60123456789,
        ["60123456789@s.whatsapp.net"],
        {"user": "60123456789"},
    ],
)
def test_groups_strangers_and_nonsense_name_nobody(jid: object) -> None:
    """Two different people in one field are nobody too: whose message it is cannot be said."""
    assert addresses.from_jid(jid) == []


@pytest.mark.parametrize("value", ["60123456789", "+60123456789", 60123456789])
def test_a_wa_id_is_digits(value: object) -> None:
    assert addresses.wa_id(value) == HERS


@pytest.mark.parametrize(
    "value",
    [
        "",
        "+",
        "++60123456789",
        "6012 3456789",
        "60123456789\n",
        "٦٠١٢٣٤٥٦٧٨٩",
        "²0123456789",
        "1234",
        "0123456789",
        "1" * 16,
        "MY.1349120865530200006",
        "6012345\0",
        "\ud800",
        -60123456789,
        10**15,
        True,
        6.0123456789e10,
        None,
        ["60123456789"],
    ],
)
def test_nothing_else_is_a_wa_id(value: object) -> None:
    assert addresses.wa_id(value) is None


def test_what_is_far_too_long_names_nobody() -> None:
    """Nor does it take long, or raise: Python refuses to write so long a number."""
    assert addresses.wa_id(10**5000) is None
    assert addresses.wa_id("1" * 1_000_000) is None
    assert addresses.from_jid("6" * 1_000_000) == []
    assert addresses.from_jid(" in ".join(["60123456789@s.whatsapp.net"] * 100_000)) == []
    assert addresses.user_id("x" * 1_000_000) is None


@pytest.mark.parametrize("value", ["MY.1349120865530200006", "US.ENT.11815799212886844830", "x"])
def test_a_user_id_is_kept_as_it_came(value: str) -> None:
    assert addresses.user_id(value) == Address("user_id", value)


@pytest.mark.parametrize(
    "value", ["", " ", "MY. 1", "MY.1\n", "a\0b", "\ud800", "é", "x" * 201, 7, True, None, ["MY.1"]]
)
def test_nothing_else_is_a_user_id(value: object) -> None:
    assert addresses.user_id(value) is None


def test_an_address_is_not_printed() -> None:
    """It says who somebody is, and may not get into a log."""
    assert f"{HERS} {[LID]!r}" == "<address wa_id> [<address lid>]"

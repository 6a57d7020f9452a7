"""What a definite rejection says of the person."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.device import GATEWAYS
from domain.provider_codes import MEANINGS, meaning


@pytest.mark.parametrize(
    ("gateway", "code", "expected"),
    [
        ("cloud", "131026", "unreachable"),
        ("cloud", "131050", "opted_out"),
        ("cloud", "131047", None),
        ("cloud", "131048", None),
        ("cloud", "131049", None),
        ("cloud", "130472", None),
        ("cloud", "not_on_whatsapp", None),
        ("gowa", "not_on_whatsapp", None),
        ("gowa", "INVALID_JID", None),
        ("gowa", "131026", None),
        ("wablas", "REJECTED", None),
        ("wablas", "FORMAT_PHONE_INVALID", None),
        ("whacenter", "STATUS_FALSE", None),
        ("sandbox", "not_on_whatsapp", None),
        ("pigeon", "131026", None),
        ("cloud", "", None),
    ],
)
def test_a_code_means_something_of_the_person_or_nothing(
    gateway: str, code: str, expected: str | None
) -> None:
    """Only where it can mean nothing else: held back as spam, or for an experiment, passes."""
    assert meaning(gateway, code) == expected


def test_the_documentation_has_the_same_table() -> None:
    assert MEANINGS.keys() <= set(GATEWAYS)
    document = Path(__file__).parents[2] / "docs" / "gateways.md"
    section = document.read_text().partition("## What a rejection says of the person")[2]
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| (\w+) \|", section.partition("\n## ")[0], re.MULTILINE
    )
    table = {(gateway, code): meant for gateway, code, meant in rows}
    assert table == {(g, c): meant for g, codes in MEANINGS.items() for c, meant in codes.items()}

"""The WhatsApp Cloud API: what each code means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runners.gateways.cloud import CODES
from runners.gateways.protocol import Outcome, Rejected, Throttled, Unknown, Unreachable
from tests.runners.gateways.providers import PROVIDERS, outgoing, send
from tests.support.gateways.fake_cloud import FakeCloud
from tests.support.gateways.fakes import Behaviour

CLOUD = PROVIDERS["cloud"]

REJECTED = [
    *(100, 130472, 130497, 131008, 131009, 131021, 131026, 131030, 131047, 131048, 131049, 131050),
    *(131051, 131052, 131053, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 135000),
]
UNREACHABLE = [
    *(0, 3, 10, 33, 190, 200, 230, 299, 368, 131005, 131031, 131037, 131042, 131045, 131057),
    133010,
]
TABLE: list[tuple[int, Outcome]] = [
    *((code, Rejected(str(code), "HTTP 400")) for code in REJECTED),
    *((code, Throttled()) for code in (4, 80007, 130429, 131056)),
    *((code, Unreachable(str(code))) for code in UNREACHABLE),
    *((code, Unknown(str(code))) for code in (1, 2, 131000, 131016, 133004)),
]


@pytest.mark.parametrize(("code", "outcome"), TABLE)
def test_each_code_of_the_table(cloud: FakeCloud, code: int, outcome: Outcome) -> None:
    """With whatever HTTP status it comes: 400 here."""
    cloud.behave = lambda asked: Behaviour("reject", code=code)
    assert send(CLOUD, outgoing(CLOUD, cloud.url)) == [outcome]


def test_the_table_has_nothing_else() -> None:
    written = {code for code, outcome in TABLE}
    assert set(CODES) - written == set(range(201, 299)) - {230}


def test_the_documentation_has_the_same_table() -> None:
    document = Path(__file__).parents[3] / "docs" / "gateways.md"
    section = document.read_text().partition("## WhatsApp Cloud API")[2].partition("\n## ")[0]
    written: dict[int, str] = {}
    for codes, outcome in re.findall(r"^\| (\d[^|]*) \|.*\| (\w+) \|$", section, re.MULTILINE):
        for part in codes.split(", "):
            first, _, last = part.partition(" to ")
            written |= dict.fromkeys(range(int(first), int(last or first) + 1), outcome)
    assert written == CODES


@pytest.mark.parametrize(
    ("status_code", "outcome"),
    [
        (400, Rejected("999999", "HTTP 400")),
        (401, Unreachable("999999")),
        (403, Unreachable("999999")),
        (404, Unreachable("999999")),
        (429, Throttled(3.0)),
        (500, Unknown("999999")),
        (503, Unknown("999999")),
    ],
)
def test_a_code_that_is_not_in_it_means_what_its_http_status_means(
    cloud: FakeCloud, status_code: int, outcome: Outcome
) -> None:
    cloud.behave = lambda asked: Behaviour("reject", code=999999, status=status_code, retry_after=3)
    assert send(CLOUD, outgoing(CLOUD, cloud.url)) == [outcome]


@pytest.mark.parametrize("code", ["131026", True, [], {}, 1.5])
def test_a_code_that_is_no_number_is_none(cloud: FakeCloud, code: object) -> None:
    cloud.behave = lambda asked: Behaviour("reject", code=code, status=500)
    assert send(CLOUD, outgoing(CLOUD, cloud.url)) == [Unknown("http_500")]

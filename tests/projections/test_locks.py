"""Advisory locks: two that have one number keep each other out, though they guard two things."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = re.compile(r"^_?[A-Z_]+_LOCK = (0x[0-9A-F]+)$", re.MULTILINE)


def test_every_lock_has_a_number_of_its_own() -> None:
    sources = [path.read_text() for path in (ROOT / "projections").rglob("*.py")]
    numbers = Counter(number for text in sources for number in LOCK.findall(text))
    assert len(numbers) == 9
    assert {number: times for number, times in numbers.items() if times > 1} == {}

"""JSON of others: one error for whatever is wrong with it, and a bound on its depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.foreign_json import DEEPEST, ForeignJsonError, decode, decode_leniently, is_deep

BOTH = pytest.mark.parametrize("decoder", [decode, decode_leniently])
BAD = [
    b"",
    b"[",
    b"\xff\xfe",
    b'"\xff"',
    b"9" * 10_000,
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 700 + b"]" * 700,
    b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
    b'[1, {"a": ' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}]",
]


@BOTH
@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_whatever_is_wrong_is_one_error(decoder: Callable[[bytes], Any], body: bytes) -> None:
    with pytest.raises(ForeignJsonError):
        decoder(body)


@BOTH
def test_what_is_right_is_decoded(decoder: Callable[[bytes], Any]) -> None:
    deepest = b"[" * DEEPEST + b"]" * DEEPEST
    assert not is_deep(decoder(deepest))
    assert decoder(b'{"a": [1, "\xc3\xa9", null, {}]}') == {"a": [1, "é", None, {}]}
    assert decoder(b"[" + b"[]," * 1000 + b"[]]") == [[]] * 1001


def test_half_a_character_costs_nothing_else() -> None:
    body = b'{"a": "\\ud83d", "b": 1}'
    assert decode_leniently(body) == {"a": "\ud83d", "b": 1}
    with pytest.raises(ForeignJsonError):
        decode(body)

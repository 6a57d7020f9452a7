"""JSON of others: one error for whatever is wrong with it, and a bound on its depth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.foreign_json import (
    DEEPEST,
    ForeignJsonError,
    decode,
    decode_leniently,
    encode_leniently,
    is_deep,
)

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
    decoder(b"[" * DEEPEST + b"]" * DEEPEST)
    assert decoder(b'{"a": [1, "\xc3\xa9", null, {}]}') == {"a": [1, "é", None, {}]}
    assert decoder(b"[" + b"[]," * 1000 + b"[]]") == [[]] * 1001


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_brackets_in_texts_are_no_depth(encoding: str) -> None:
    text = json.dumps({'"[{\\': ["[" * 1000 + '\\"' + "{" * 1000, "é["] * 100})
    assert decode_leniently(text.encode(encoding)) == json.loads(text)


@pytest.mark.parametrize(
    "body",
    [
        b'"' * 300_000,
        b'"\\"' * 200_000,
        b'"' + b'\\"' * 300_000,
        b'"\\',
        b"[" * 65 + b'"' * 300_001,
    ],
    ids=range(5),
)
def test_no_text_is_looked_at_again_and_again(body: bytes) -> None:
    """It would not end."""
    assert is_deep(b"[" * 65 + body)


def test_nobody_decodes_what_is_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder at the end of its recursion harms whatever else runs at that moment."""
    monkeypatch.setattr(json, "loads", pytest.fail)
    with pytest.raises(ForeignJsonError):
        decode_leniently(b"[" * 50_000)


def test_half_a_character_costs_nothing_else() -> None:
    body = b'{"a": "\\ud83d", "b": 1}'
    assert decode_leniently(body) == {"a": "\ud83d", "b": 1}
    with pytest.raises(ForeignJsonError):
        decode(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": [1, -0, 1.5e3, true, null, {}], "a": {"b": "x"}}',
        b'{"a": 1e400, "b": NaN, "c": -Infinity}',
        b'{"a": 123456789012345678901234567890, "b": 0.1234567890123456789}',
        '{"a": "\\ud83d", "b": "\\ud83d\\ude00 \\u00e9 \\u0000", "c": "\U0001f600"}'.encode(),
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        '{"a": "\u00e9"}'.encode("utf-16"),
    ],
    ids=range(7),
)
def test_it_is_decoded_as_the_standard_library_does(body: bytes) -> None:
    assert str(decode_leniently(body)) == str(json.loads(body))


def test_what_was_decoded_is_encoded() -> None:
    """Whatever it has, it can be decoded again, and an address in it is found as it is."""
    body = b'{"a": "\\ud83d", "b": 123456789012345678901234567890, "c": "\\u0036\\u0030\\u0031"}'
    for value in (decode_leniently(body), {"c": "601"}, {"c": "601", "d": '\u00e9"\\\n'}):
        encoded = encode_leniently(value)
        assert decode_leniently(encoded) == value
        assert b"601" in encoded

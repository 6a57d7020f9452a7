"""JSON that somebody else wrote: decoded in one way, with one error for whatever is wrong with it.

Whoever walks through a document does so by recursion somewhere, and so do decoders. A few bytes are
enough for a depth at which that fails, so a document that is deeper than any provider's is not even
decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import msgspec

# Arrays and objects within each other. The deepest that a provider sends is about ten.
DEEPEST = 64

# A string, or the beginning of one that has no end.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


class ForeignJsonError(ValueError):
    """What came is no JSON, or is nested too deep. Its text repeats nothing of it."""


def decode(body: bytes) -> Any:
    """The JSON value in ``body``, as the standard has it. Raises ForeignJsonError."""
    return _decoded(msgspec.json.decode, body)


def decode_leniently(body: bytes) -> Any:
    """The same, where half a surrogate pair, which JSON may write and UTF-8 cannot, must not cost
    all the rest. Raises ForeignJsonError."""
    return _decoded(_decode_leniently, body)


def encode_leniently(value: Any) -> bytes:
    """``value``, which ``decode_leniently`` gave, as JSON in UTF-8. Characters of addresses stand
    for themselves, so that an address can be searched for. Half a surrogate pair is escaped."""
    try:
        return msgspec.json.encode(value)
    # Half a surrogate pair, or an integer of more than 64 bits.
    except (ValueError, OverflowError, msgspec.MsgspecError):
        return json.dumps(value).encode()


def is_deep(body: bytes) -> bool:
    """Whether the JSON document has more than ``DEEPEST`` arrays and objects within each other."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    text = body.decode(json.detect_encoding(body), "replace")
    brackets = _NO_BRACKETS.sub("", _STRING.sub("", text))
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > DEEPEST


def _decode_leniently(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, msgspec.MsgspecError):
        # Four times slower. It takes all that the other takes, and gives the same.
        return json.loads(body)


def _decoded(decoder: Callable[[bytes], Any], body: bytes) -> Any:
    if is_deep(body):
        raise ForeignJsonError("it is nested too deep")
    try:
        return decoder(body)
    # msgspec's errors are ValueErrors in its later versions only.
    except (ValueError, msgspec.MsgspecError) as error:
        raise ForeignJsonError(type(error).__name__) from None

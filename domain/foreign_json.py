"""JSON that somebody else wrote: decoded in one way, with one error for whatever is wrong with it.

Whoever walks through a document does so by recursion somewhere. A few bytes are enough for a depth
at which that fails, so no document comes in that is deeper than any provider's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

# Arrays and objects within each other. The deepest that a provider sends is about ten.
DEEPEST = 64


class ForeignJsonError(ValueError):
    """What came is no JSON, or is nested too deep. Its text repeats nothing of it."""


def decode(body: bytes) -> Any:
    """The JSON value in ``body``, as the standard has it. Raises ForeignJsonError."""
    return _decoded(msgspec.json.decode, body)


def decode_leniently(body: bytes) -> Any:
    """The same, where half a surrogate pair, which JSON may write and UTF-8 cannot, must not cost
    all the rest. Raises ForeignJsonError."""
    return _decoded(json.loads, body)


def is_deep(value: Any) -> bool:
    """Whether the JSON value has more than ``DEEPEST`` arrays and objects within each other."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _decoded(decoder: Callable[[bytes], Any], body: bytes) -> Any:
    try:
        value = decoder(body)
    except (ValueError, RecursionError) as error:  # msgspec's and Unicode's errors are ValueErrors
        raise ForeignJsonError(type(error).__name__) from None
    if is_deep(value):
        raise ForeignJsonError("it is nested too deep")
    return value

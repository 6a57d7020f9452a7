"""What no provider should say, and what some program will."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

# In the place of anything.
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    "",
    " ",
    "\0",
    "3EB0\0",
    "\ud800",
    "x" * 501,
    "x" * 100_000,
    [],
    {},
    [None, 1, "x", [[]], {}],
    {"id": {"id": []}},
)


NAMES = (
    "event",
    "payload",
    "ids",
    "id",
    "from",
    "body",
    "entry",
    "changes",
    "value",
    "statuses",
    "messages",
    "status",
    "type",
    "text",
    "phone",
    "message",
    "receipt_type",
    "chat_id",
    "ref_id",
    "interactive",
    "errors",
    "code",
    "isGroup",
)
WORDS = ("60120000001", "message", "message.ack", "delivered", "failed", "text", "\ud83d", "3EB0A1")

# Made of the words that providers use, in places where they do not.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=5)
    | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
    ),
    max_leaves=12,
)


def variants(said: Any) -> list[Any]:
    """``said`` with something odd in every place, one at a time, and with each field missing."""
    found: list[Any] = []
    for path in _paths(said):
        for value in VALUES:
            found.append(_changed(said, path, value))
        found.append(_changed(said, path, _missing))
    return found


_missing = object()


def _paths(said: Any) -> list[tuple[Any, ...]]:
    inside = said.items() if isinstance(said, dict) else enumerate(said)
    found: list[tuple[Any, ...]] = []
    for key, value in inside:
        found.append((key,))
        if isinstance(value, dict | list):
            found += [(key, *rest) for rest in _paths(value)]
    return found


def _changed(said: Any, path: tuple[Any, ...], value: Any) -> Any:
    whole = copy.deepcopy(said)
    place = whole
    for key in path[:-1]:
        place = place[key]
    if value is _missing:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return whole

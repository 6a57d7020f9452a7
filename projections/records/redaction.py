"""Taking one person out of JSON that tells of several."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from domain import addresses

# All spellings of one number end with the same digits (``domain.phones``).
_ENDING = 8


class Nothing:
    """What is left where all was about the person."""


NOTHING = Nothing()


def needles(keys: Collection[str]) -> list[str]:
    """A part of every spelling of the addresses with these keys: whatever names the person has one
    of them in it, though it may be about somebody else."""
    return [
        match[0][-_ENDING:] if key.startswith("+") else match[0]
        for key in keys
        if (match := re.search("[0-9]+$" if key.startswith("+") else "^[^@]+", key))
    ]


def without(value: Any, keys: Collection[str]) -> Any:
    """``value``, which is JSON, without what is about the person whose addresses have these keys.

    The innermost element of a list goes that has one of the addresses as a value in it; where there
    is no list, or nothing is left of it, all of it goes: then it is ``NOTHING``.
    """
    if isinstance(value, list):
        left = [each for item in value if not isinstance(each := without(item, keys), Nothing)]
        return left if left or not value else NOTHING
    if isinstance(value, dict):
        new = {name: without(item, keys) for name, item in value.items()}
        return NOTHING if any(isinstance(item, Nothing) for item in new.values()) else new
    return NOTHING if _names(value, keys) else value


def _names(value: Any, keys: Collection[str]) -> bool:
    """Whether the string or number is one of the addresses, in any spelling that a provider has."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    found = addresses.from_jid(value)
    if (number := addresses.wa_id(value)) is not None:
        found.append(number)
    return str(value) in keys or any(address.key in keys for address in found)

"""What all readers of providers' JSON need: nothing in it can be relied on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import values

# Longer ids are none of a provider's.
LONGEST_ID = 500
# A provider that names no text by an id repeats it within minutes, if it does.
REPEATED_WITHIN = 600


def text(value: Any) -> str:
    """A string or a number as a string; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)


def known_id(value: Any) -> str:
    """A provider's id, which is empty where it cannot be one."""
    found = text(value)
    return found if len(found) <= LONGEST_ID and values.storable(found) else ""


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in a list, if it is one."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def obj(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def our_id(value: Any) -> UUID | None:
    """An id that we gave, if it is one."""
    try:
        return UUID(text(value))
    except ValueError:
        return None


def e164(value: Any) -> str | None:
    """A number in digits, with or without a plus, or a WhatsApp address of one, as E.164."""
    digits = text(value).removeprefix("+").removesuffix("@s.whatsapp.net").removesuffix("@c.us")
    digits = digits.partition(":")[0]
    return f"+{digits}" if digits.isascii() and digits.isdigit() and len(digits) <= 15 else None


def made_id(now: datetime, *parts: Any) -> str:
    """An id for a text that came without one: the same for the same text within minutes."""
    window = int(now.timestamp()) // REPEATED_WITHIN
    whole = "\0".join([str(window), *map(text, parts)]).encode(errors="surrogatepass")
    return f"sha256:{hashlib.sha256(whole).hexdigest()[:40]}"

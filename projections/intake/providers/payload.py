"""Readers of values in providers' JSON. Any value may have any type, or be missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import values

# No provider has ids that are longer.
LONGEST_ID = 500
_UUID_LENGTH = 36
# How an id begins that was made for a message without one.
DERIVED = "derived:"
# Seconds within which a provider repeats a request, if its messages have no ids.
REPEATED_WITHIN = 600


def text(value: Any) -> str:
    """A string that can be stored, or an integer as a string; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return values.cleaned(str(value))


def valid_id(value: Any) -> str:
    """A provider's id; empty where the value is too long or cannot be stored."""
    provider_id = text(value)
    if len(provider_id) > LONGEST_ID or not values.storable(provider_id):
        return ""
    return provider_id


def json_object(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def json_objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in the value, if it is a list."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def own_id(value: Any) -> UUID | None:
    """The id of a message that was sent along with the message; None if the value is no UUID."""
    if isinstance(value, str) and len(value) == _UUID_LENGTH:  # as we write it
        try:
            return msgspec.convert(value, UUID)
        except msgspec.ValidationError:
            return None
    try:
        return UUID(text(value))
    except ValueError:
        return None


def unix_instant(value: Any) -> datetime | None:
    """An instant in UTC from Unix seconds, as a number or as text; None for anything else."""
    seconds = text(value)
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def iso_instant(value: Any) -> datetime | None:
    """An instant in UTC from RFC 3339; None for anything else."""
    try:
        instant = datetime.fromisoformat(text(value))
        return None if instant.utcoffset() is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def derived_id(now: datetime, *parts: Any) -> str:
    """An id for a message that came without one. The same parts have the same id within
    ``REPEATED_WITHIN`` seconds, so that a repeated request changes nothing."""
    window = int(now.timestamp()) // REPEATED_WITHIN
    whole = "\0".join([str(window), *map(text, parts)]).encode(errors="surrogatepass")
    return f"{DERIVED}{hashlib.sha256(whole).hexdigest()[:40]}"

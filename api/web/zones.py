"""The reader's time zone, and instants as they are typed in it."""

from __future__ import annotations

from datetime import datetime, tzinfo
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import request

COOKIE = "sendtrail_zone"
# Filters that are instants. A page's address may have them without an offset.
INSTANTS = ("created_after", "created_before", "since", "until")


def zone() -> tzinfo:
    """What the browser says, else UTC."""
    try:
        return ZoneInfo(unquote(request.cookies.get(COOKIE, "UTC")))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def instant(typed: str) -> str:
    """A date, or a date and time, with the offset of the reader's zone. What is neither, or has an
    offset, stays as it is: the API says what was expected."""
    try:
        at = datetime.fromisoformat(typed)
    except ValueError:
        return typed
    return typed if at.tzinfo else at.replace(tzinfo=zone()).isoformat()


def with_offsets(asked: dict[str, str]) -> dict[str, str]:
    """Filters as the API takes them."""
    return {
        name: instant(value) if name in INSTANTS and value else value
        for name, value in asked.items()
    }

"""Small values that several aggregates share: tokens, texts, URLs, statuses, times.

A check takes a value as the caller wrote it and gives it in its one form, or raises
InvalidInputError with the name of the field, never with the value, which may be personal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

from domain.errors import InvalidInputError
from domain.marks import composed
from domain.visible import visible

TargetStatus = Literal["prospect", "customer"]
TargetFilter = Literal["prospect", "customer", "all"]

TARGET_STATUSES: tuple[TargetStatus, ...] = ("prospect", "customer")
TARGET_FILTERS: tuple[TargetFilter, ...] = ("prospect", "customer", "all")

# Providers say when something happened in whole seconds.
PROVIDERS_TICK = timedelta(seconds=1)

_PURPOSE = re.compile("[a-z][a-z0-9_-]{0,49}")
_SURROGATE = re.compile("[\ud800-\udfff]")


# Tokens of one kind that a lead, a campaign or a sequence may have: each is compared with all.
MOST_TOKENS = 100


def tokens(field: str, words: Iterable[str]) -> tuple[str, ...]:
    """Tokens, such as triggers and niches: ``words`` composed and trimmed, in their order, at most
    ``MOST_TOKENS``.

    Of words that differ in nothing but case the first stays.
    """
    by_folded: dict[str, str] = {}
    for word in words:
        token = composed(word).strip()
        if not 1 <= len(token) <= 100 or any(c in ",;|" for c in token) or visible(token) != token:
            raise InvalidInputError(
                field, "tokens of 1 to 100 characters that can be seen, without ',', ';' or '|'"
            )
        by_folded.setdefault(token.lower(), token)
        if len(by_folded) > MOST_TOKENS:
            raise InvalidInputError(field, f"at most {MOST_TOKENS} tokens")
    return tuple(by_folded.values())


def purpose(field: str, value: str | None) -> str | None:
    """What a consent may be for: ``value`` unchanged, if it may be called so; None names none."""
    if value is None or _PURPOSE.fullmatch(value):
        return value
    raise InvalidInputError(
        field,
        "1 to 50 lower-case letters, digits, '-' and '_' that begin with a letter, e.g. marketing",
    )


def matching(token: str, among: Iterable[str]) -> str | None:
    """The one of ``among`` that equals ``token`` as a whole, in any case and Unicode form; None
    where none does."""
    folded = composed(token).lower()
    return next((other for other in among if composed(other).lower() == folded), None)


def storable(value: str) -> bool:
    """Whether UTF-8 and PostgreSQL can hold ``value``: no NUL, and no half of a surrogate pair."""
    return "\0" not in value and (value.isascii() or _SURROGATE.search(value) is None)


def cleaned(value: str, longest: int = 10_000) -> str:
    """A text from outside, made storable, because it can be neither refused nor lost.

    A character that cannot be stored becomes U+FFFD. The text is cut to ``longest`` characters.
    """
    if not storable(value):
        value = "".join("\ufffd" if not storable(c) else c for c in value)
    return value[:longest]


def text(field: str, value: str, *, longest: int, allow_empty: bool = False) -> str:
    """``value`` unchanged, if it has at most ``longest`` characters and can be stored.

    A text of white space alone is refused unless ``allow_empty``.
    """
    if len(value) > longest or not storable(value) or (not allow_empty and not value.strip()):
        least = 0 if allow_empty else 1
        raise InvalidInputError(field, f"{least} to {longest} characters, without NUL")
    return value


def name(field: str, value: str, *, longest: int, allow_empty: bool = False) -> str:
    """What a person or a thing is called: ``value``, checked like ``text``, composed and
    trimmed."""
    return text(field, composed(value), longest=longest, allow_empty=allow_empty).strip()


def label(field: str, value: str) -> str:
    """What a thing is called that people tell from others by what they see: ``value``, of at most
    200 characters, composed and trimmed, if nothing in it is unseen or looks like a space."""
    checked = name(field, value, longest=200)
    spaces = {c for c in checked if c.isspace()} - {" ", "\N{IDEOGRAPHIC SPACE}"}
    if spaces or visible(checked) != checked:
        raise InvalidInputError(field, "characters that can be seen, and no space but the usual")
    return checked


def media_url(field: str, value: str | None) -> str | None:
    """``value`` unchanged, if it is None or an http or https URL that can be stored."""
    if value is None or (
        value.startswith(("http://", "https://")) and len(value) <= 2000 and storable(value)
    ):
        return value
    raise InvalidInputError(field, "an http or https URL of at most 2000 characters")


def target_status(value: str) -> TargetStatus:
    """What a lead is, from the word in any case."""
    for status in TARGET_STATUSES:
        if value.strip().lower() == status:
            return status
    raise InvalidInputError("target_status", "'prospect' or 'customer'")


def target_filter(value: str) -> TargetFilter:
    """Which leads a campaign or sequence asks for by their status, from the word in any case."""
    for choice in TARGET_FILTERS:
        if value.strip().lower() == choice:
            return choice
    raise InvalidInputError("target_status", "'prospect', 'customer' or 'all'")


@cache
def _zones() -> frozenset[str]:
    """The names in IANA's database: a machine may have other files beside it, as localtime."""
    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}


def zone(value: str, field: str = "timezone") -> ZoneInfo:
    """The IANA time zone of that name."""
    if value not in _zones():
        raise InvalidInputError(field, "an IANA time zone such as Asia/Kuala_Lumpur")
    return ZoneInfo(value)


def time_of_day(value: str, field: str) -> time:
    """A local time written ``HH:MM``."""
    hours, _, minutes = value.partition(":")
    if (
        len(hours) == len(minutes) == 2
        and (hours + minutes).isascii()
        and (hours + minutes).isdigit()
        and int(hours) < 24
        and int(minutes) < 60
    ):
        return time(int(hours), int(minutes))
    raise InvalidInputError(field, "a local time of day as HH:MM")


def surely_before(said_at: datetime, other: datetime | None) -> bool:
    """Whether ``said_at``, which a provider said in whole seconds, is before ``other`` for sure."""
    return other is not None and said_at + PROVIDERS_TICK <= other


def instant(value: datetime, field: str) -> datetime:
    """``value`` in UTC. A naive time is no instant and is refused."""
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidInputError(field, "a time with an offset, e.g. 2026-03-01T09:00:00+08:00")
    return value.astimezone(UTC)


def in_the_calendar(field: str, at: datetime) -> datetime:
    """The time, if there are days, zones and spans beside it. Raises InvalidInputError."""
    if not 1900 <= at.year <= 9990:
        raise InvalidInputError(field, "a time from 1900 to 9990")
    return at


def parse_instant(value: str, field: str, zone_name: str | None = None) -> datetime:
    """An instant, in UTC, from ISO 8601 with an offset or with the name of a time zone.

    The name comes after the time (``2026-03-01T09:00 Asia/Kuala_Lumpur``), in brackets (RFC 9557),
    or as ``zone_name``. An offset beside a name must be what clocks there show; UTC may always be.
    A local time that a change of the clocks skips moves forward by the gap. One that comes twice
    means the first.
    """
    written, _, suffix = value.strip().replace("[", " ").removesuffix("]").rpartition(" ")
    if not written or suffix[:1].isdigit():
        written, suffix = value.strip(), ""
    expected = "ISO 8601 with an offset or a time zone, e.g. 2026-03-01T09:00:00+08:00"
    try:
        parsed = datetime.fromisoformat(written)
    except ValueError:
        raise InvalidInputError(field, expected) from None
    named = suffix or zone_name
    local = zone(named, field if suffix else "timezone") if named else None
    offset = parsed.utcoffset()
    if offset is None and local is not None:
        parsed = parsed.replace(tzinfo=local)
    try:
        found = instant(parsed, field)
        # UTC says when it is, and nothing of where.
        if local is not None and offset and found.astimezone(local).utcoffset() != offset:
            raise InvalidInputError(field, "an offset that the time zone has then, or none")
    except OverflowError:
        raise InvalidInputError(field, expected) from None
    return found


def parse_local(value: str, field: str) -> datetime:
    """A local time without a zone, as ISO 8601 to the minute; naive."""
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is not None or parsed.second or parsed.microsecond:
        raise InvalidInputError(field, "a local time without an offset, e.g. 2026-03-01T09:00")
    if not 1970 <= parsed.year <= 9998:
        raise InvalidInputError(field, "a local time of a year from 1970 to 9998")
    return parsed


def delay_range(low: float, high: float) -> tuple[float, float]:
    """The least and greatest number of seconds between two messages, as floats:
    ``0 <= low <= high <= 86400``."""
    if not 0 <= low <= 86400:
        raise InvalidInputError("min_delay_seconds", "seconds between 0 and 86400")
    if not low <= high <= 86400:
        raise InvalidInputError("max_delay_seconds", "seconds from min_delay_seconds to 86400")
    return float(low), float(high)

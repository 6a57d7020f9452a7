"""Segments: a saved question about leads, which campaigns and sequences may name.

A predicate is conditions: ``all`` of them hold, at least one of ``any``, and none of ``none``. A
condition asks a field of a lead, or what became of the lead so far. ``segment_matching`` answers
for one lead, ``readmodels.segment_conditions`` in SQL for many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from domain import values
from domain.errors import InvalidInputError
from domain.marks import composed

Op = Literal["eq", "ne", "in", "contains", "before", "after", "exists"]
OPS: tuple[Op, ...] = get_args(Op)
Clause = Literal["all", "any", "none"]
CLAUSES: tuple[Clause, ...] = get_args(Clause)

# How many conditions a segment may have, and how many values one of them.
MOST_CONDITIONS = 50
MOST_VALUES = 100
# A part of a phone with more digits than these says who the person is.
MOST_DIGITS = 7
ATTRIBUTE = "attribute."

_RELATIVE = re.compile(r"(\+?)([0-9]{1,5})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Condition(msgspec.Struct, frozen=True):
    """What is asked of ``field``: ``value`` is one, for ``in`` several, for ``exists`` and flags
    true or false. Times are in ISO 8601 with an offset, or relative (``instant``)."""

    field: str
    op: Op
    value: str | bool | tuple[str, ...]


class Predicate(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in a segment, and what the segment was called when this was asked of it."""

    name: str
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()

    def clauses(self) -> Iterable[tuple[Clause, tuple[Condition, ...]]]:
        """The conditions by what has to be true of them."""
        return (("all", self.all), ("any", self.any), ("none", self.none))


# What may be asked of a field: each operation, with what makes of a value the stored one.
Kind = dict[Op, Callable[[str, Any], Any]]


def check(name: str, clauses: Mapping[Clause, Iterable[tuple[str, str, Any]]]) -> Predicate:
    """The predicate, tidied, from conditions as (field, op, value); a value of None is none given.
    Raises InvalidInputError naming what is wrong, from 1, such as ``all[2].op``."""
    checked = {
        clause: tuple(
            _condition(f"{clause}[{number}]", *condition)
            for number, condition in enumerate(clauses.get(clause, ()), start=1)
        )
        for clause in CLAUSES
    }
    count = sum(map(len, checked.values()))
    if not 1 <= count <= MOST_CONDITIONS:
        raise InvalidInputError("all", f"1 to {MOST_CONDITIONS} conditions in all, any and none")
    return Predicate(name=values.label("name", name), **checked)


def _condition(place: str, field: str, op: str, value: Any) -> Condition:
    kind = kind_of(field)
    if kind is None:
        raise InvalidInputError(f"{place}.field", f"one of {', '.join(FIELDS)}, or {ATTRIBUTE}NAME")
    for known, tidied in kind.items():
        if known == op:
            return Condition(field, known, tidied(f"{place}.value", value))
    raise InvalidInputError(f"{place}.op", f"one of {', '.join(kind)} for {field}")


def kind_of(field: str) -> Kind | None:
    """What may be asked of the field; None if there is no such field."""
    if not field.startswith(ATTRIBUTE):
        return FIELDS.get(field)
    key = field.removeprefix(ATTRIBUTE)
    return _ATTRIBUTES if key.isascii() and key.isidentifier() and len(key) <= 100 else None


def instant(value: str, now: datetime) -> datetime:
    """The instant that a checked value of a time is at ``now``: ``30d`` was that many days ago,
    ``+30d`` will be; ``h`` are hours and ``w`` weeks."""
    relative = _RELATIVE.fullmatch(value)
    if relative is None:
        return datetime.fromisoformat(value)
    ahead, number, unit = relative.groups()
    distance = int(number) * _UNITS[unit]
    try:
        return now + distance if ahead else now - distance
    except OverflowError:  # beyond the calendar
        return datetime.max.replace(tzinfo=UTC) if ahead else datetime.min.replace(tzinfo=UTC)


def day(value: str, now: datetime) -> str:
    """The same of a checked value of a day, as ``YYYY-MM-DD``; a relative one is of UTC."""
    return value if _RELATIVE.fullmatch(value) is None else f"{instant(value, now):%Y-%m-%d}"


def _several(one: Callable[[str, Any], Any]) -> Callable[[str, Any], tuple[str, ...]]:
    def tidied(place: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_VALUES:
            raise InvalidInputError(place, f"a list of 1 to {MOST_VALUES} values")
        return tuple(dict.fromkeys(one(place, each) for each in value))

    return tidied


def _string(place: str, value: Any, expected: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(place, expected)
    return value


def _flag(place: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInputError(place, "true or false")
    return value


def _exists(place: str, value: Any) -> bool:
    return _flag(place, True if value is None else value)


def _token(place: str, value: Any) -> str:
    (token,) = values.tokens(place, [_string(place, value, "a token")])
    return token


def _target_status(place: str, value: Any) -> str:
    known = str(value).strip().lower()
    if known not in values.TARGET_STATUSES:
        raise InvalidInputError(place, "'prospect' or 'customer'")
    return known


def _id(place: str, value: Any) -> str:
    try:
        return str(UUID(_string(place, value, "an id")))
    except ValueError:
        raise InvalidInputError(place, "an id") from None


def _text(place: str, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return values.text(place, composed(_string(place, value, "a text")), longest=1000)


def _part_of_phone(place: str, value: Any) -> str:
    part = str(value).strip()
    if not re.fullmatch(rf"\+?[0-9]{{1,{MOST_DIGITS}}}", part):
        raise InvalidInputError(
            place,
            f"1 to {MOST_DIGITS} digits of phones in E.164, the first ones after a plus: more of"
            " them name one person, and a segment names a group",
        )
    return part


_TIME = "ISO 8601 with an offset, or such as 30d: so many days (h: hours, w: weeks) ago"


def _time(place: str, value: Any) -> str:
    given = _string(place, value, _TIME).strip()
    if _RELATIVE.fullmatch(given) is not None:
        return given
    try:
        return values.parse_instant(given, place).isoformat()
    except InvalidInputError:
        raise InvalidInputError(place, _TIME) from None


def _day(place: str, value: Any) -> str:
    expected = "a day as YYYY-MM-DD, or such as 30d: so many days (w: weeks) ago"
    given = _string(place, value, expected).strip()
    if _RELATIVE.fullmatch(given) is not None:
        return given
    try:
        if len(given) != len("2026-03-01"):
            raise ValueError
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise InvalidInputError(place, expected) from None


_TOKENS: Kind = {
    "eq": _token,
    "ne": _token,
    "in": _several(_token),
    "contains": _token,
    "exists": _exists,
}
_FLAG: Kind = {"eq": _flag, "ne": _flag}
_IDS: Kind = {"eq": _id, "ne": _id, "in": _several(_id), "exists": _exists}
_ATTRIBUTES: Kind = {
    "eq": _text,
    "ne": _text,
    "in": _several(_text),
    "contains": _text,
    "before": _day,
    "after": _day,
    "exists": _exists,
}
# What may be asked of a lead beside its attributes, and then of what became of the lead. A field
# whose name says before or after takes ``eq`` for the same.
FIELDS: dict[str, Kind] = {
    "niche": _TOKENS,
    "trigger": _TOKENS,
    "target_status": {
        "eq": _target_status,
        "ne": _target_status,
        "in": _several(_target_status),
    },
    "opted_out": _FLAG,
    "unreachable": _FLAG,
    "device_id": _IDS,
    "phone": {"contains": _part_of_phone},
    "created_at": {"before": _time, "after": _time},
    "created_after": {"after": _time, "eq": _time},
    "created_before": {"before": _time, "eq": _time},
    "sent_campaign": _IDS,
    "replied_since": {"after": _time, "eq": _time, "exists": _exists},
    "last_sent_before": {"before": _time, "eq": _time, "exists": _exists},
    "never_sent": {"eq": _flag, "ne": _flag, "exists": _exists},
    "in_sequence": _IDS,
}


def words(condition: Condition) -> str:
    """The condition as people say it."""
    field = condition.field.replace("_", " ").removeprefix(ATTRIBUTE)
    value = condition.value
    match condition.op:
        case "exists":
            return f"{field} exists" if value else f"{field} does not exist"
        case "in":
            assert isinstance(value, tuple)  # noqa: S101 - ``check`` made it
            return f"{field} is one of {', '.join(value)}"
        case "eq" | "ne" | "before" | "after" | "contains" as op:
            said = {"eq": "is", "ne": "is not"}.get(op, op)
            shown = str(value).lower() if isinstance(value, bool) else value
            if field.endswith((" after", " before", " since")):
                return f"{field} {shown}"
            return f"{field} {said} {shown}"

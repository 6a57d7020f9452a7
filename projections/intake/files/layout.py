"""Which column of a file is what."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Literal, cast

import msgspec

from domain import marks
from domain.errors import InvalidInputError
from projections.intake.files import exported, rejected
from projections.intake.files.headers import (
    FIELDS,
    LONGEST_HEADER,
    LONGEST_TEXT,
    Field,
    Reading,
    reading,
    seems_opted_out,
    squeezed,
)

# Columns of these fields may be several; all of them count.
SEVERAL = frozenset({"triggers", "opted_out"})
LEFT_OUT = "-"
LONGEST_KEY = 100
_NUMBERED = re.compile(r"(phone\d+)value")
# Letters that have no accent to lose.
_SPELT_OUT = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"}
)

# What a column may be: a field, or what only our own list of leads has.
Place = Field | Literal["attributes", "merged_into"]
# Pairs of a field, or "-", and the header of the column that has it.
Mapped = Sequence[tuple[str, str]]


class Column(msgspec.Struct, frozen=True):
    """How a column is read: ``as_`` a field, an ``attribute`` of that name, or ``nothing``;
    ``reason`` says why, where it is not plain; ``number`` is its place in the file, from 1."""

    as_: str
    attribute: str | None = None
    reason: str | None = None
    number: int = 0


class Layout(msgspec.Struct, frozen=True):
    """The columns by their headers, and where everything is: for each field its columns, counted
    from 0, for each attribute its column and key, for each of several phones its column and that of
    its label."""

    width: int
    columns: dict[str, Column]
    places: dict[Place, tuple[int, ...]]
    attributes: tuple[tuple[int, str], ...]
    labels: dict[int, int]


def mapped(pairs: Iterable[str]) -> Mapped:
    """The pairs of ``FIELD:HEADER``. Raises InvalidInputError where one is no such pair."""
    known: list[tuple[str, str]] = []
    for pair in pairs:
        field, colon, header = pair.partition(":")
        field = field.strip().lower().replace("-", "_") if field.strip() != LEFT_OUT else LEFT_OUT
        field = "device" if field == "device_id" else field
        if not colon or (field not in FIELDS and field != LEFT_OUT):
            raise InvalidInputError(
                "map", f"FIELD:COLUMN with one of {', '.join(FIELDS)}, or - to leave it out"
            )
        known.append((field, header))
    return known


def fits(cells: Sequence[str], map_: Mapped) -> int:
    """How many columns are known by these headers; 0 where they have no phone."""
    wanted = {squeezed(header) for _, header in map_}
    phone = {squeezed(header) for field, header in map_ if field == "phone"}
    known, has_phone = 0, False
    for cell in cells:
        if 0 < len(cell) <= LONGEST_HEADER:
            key, found = squeezed(cell) if wanted else "", reading(cell)
            known += key in wanted or found is not None
            has_phone |= key in phone if phone else _says(found, "phone")
    return known if has_phone else 0


def lay_out(cells: Sequence[str], map_: Mapped, has_values: frozenset[int]) -> Layout:
    """The layout of a table with this header; ``has_values`` are the columns that are not empty.

    Raises InvalidInputError where ``map_`` names a column that there is not, where two columns have
    the same name and the same field, and where a column seems to say who must not be written to.
    """
    headers = [_shown(cell) for cell in cells]
    by_map = _places_of_map(headers, map_)
    reasons = dict.fromkeys(by_map, "it was chosen")
    for at, name in exported.fields(headers).items():
        if at not in by_map and (name == LEFT_OUT or name not in by_map.values()):
            by_map[at], reasons[at] = name, "the list of leads has it so"
    for at in rejected.columns(headers):
        by_map[at], reasons[at] = LEFT_OUT, "an earlier import wrote it"
    readings = {
        at: found
        for at, header in enumerate(headers)
        if at not in by_map and (found := reading(header)) is not None
    }
    taken: dict[Place, list[int]] = {}
    for at, field in by_map.items():
        if field != LEFT_OUT:
            taken.setdefault(cast(Place, field), []).append(at)
    for field, columns in taken.items():
        if len(columns) > 1 and field not in SEVERAL:
            raise InvalidInputError("map", f"one column for {field}")
    for field in FIELDS:
        if field in SEVERAL:
            taken.setdefault(field, []).extend(_best(field, readings, headers, reasons))
        elif field not in taken:
            taken[field] = _best(field, readings, headers, reasons)
    labels = _labels(headers, taken["phone"])
    by_place = {at: place for place, columns in taken.items() for at in columns}
    columns_read: dict[str, Column] = {}
    attributes: list[tuple[int, str]] = []
    keys: set[str] = set()
    for at, header in enumerate(headers):
        shown = _distinct(header or f"column {at + 1}", columns_read)
        if at in by_place:
            column = Column(by_place[at], reason=reasons.get(at))
        elif at in by_map:
            column = Column("nothing", reason=reasons[at])
        elif not header and at not in has_values:
            column = Column("nothing", reason="it has neither a name nor values")
        elif seems_opted_out(header) or _says(readings.get(at), "opt_out_evidence"):
            raise InvalidInputError(
                "map",
                f"opted_out:{header} if column {header!r} says who must not be written to,"
                f" opt_out_evidence:{header} if it says how that is known,"
                f" or {LEFT_OUT}:{header} to leave it out",
            )
        else:
            key = _key(header or f"column_{at + 1}", keys)
            keys.add(key)
            attributes.append((at, key))
            column = Column("attribute", key, reasons.get(at))
            if at in labels:
                column = Column("phone", key, "the phone is the one whose label says so")
        columns_read[shown] = msgspec.structs.replace(column, number=at + 1)
    places = {field: tuple(sorted(columns)) for field, columns in taken.items() if columns}
    return Layout(len(headers), columns_read, places, tuple(attributes), labels)


def _labels(headers: Sequence[str], phone: Sequence[int]) -> dict[int, int]:
    """Where an address book has several phones of a person, ``Phone 1 - Value`` and so on: the
    column of each, with that of its label (``Phone 1 - Label``). Empty where it has not."""
    at_by_key = {squeezed(header): at for at, header in enumerate(headers)}
    labels: dict[int, int] = {}
    for key, at in at_by_key.items():
        if (numbered := _NUMBERED.fullmatch(key)) is not None:
            for kind in ("label", "type"):
                if (label := at_by_key.get(numbered[1] + kind)) is not None:
                    labels[at] = label
    return labels if len(phone) == 1 and phone[0] in labels else {}


def _places_of_map(headers: Sequence[str], map_: Mapped) -> dict[int, str]:
    """The field, or "-", of each column that ``map_`` names."""
    places: dict[int, str] = {}
    same, alike = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
    for at, header in enumerate(headers):
        same[header].append(at)
        alike[squeezed(header)].append(at)
    for field, header in map_:
        found = same[_shown(header)] or alike[squeezed(header)]
        if not found:
            raise InvalidInputError("map", f"a column of the file; it has none named {header!r}")
        if len(found) > 1 or found[0] in places:
            raise InvalidInputError("map", f"columns named once each; {header!r} is not")
        places[found[0]] = field
    return places


def _best(
    field: Field, readings: Mapping[int, Reading], headers: Sequence[str], reasons: dict[int, str]
) -> list[int]:
    """The column that names the field best, or all of those that count; notes in ``reasons`` what
    the others are not."""
    ranked = sorted((found.rank, at) for at, found in readings.items() if found.field == field)
    if not ranked or field in SEVERAL:
        return [at for _, at in ranked]
    rank, best = ranked[0]
    for other_rank, at in ranked[1:]:
        if other_rank == rank and squeezed(headers[at]) == squeezed(headers[best]):
            raise InvalidInputError(
                "header", f"column names that differ; {headers[at][:50]!r} comes twice"
            )
        reasons[at] = f"{headers[best]!r} is the {field}"
    return [best]


def _says(found: Reading | None, field: Field) -> bool:
    return found is not None and found.field == field


def _shown(header: str) -> str:
    """The header on one line, and without what a terminal would act on."""
    return "".join(c for c in " ".join(header.split()) if c.isprintable())


def _distinct(header: str, taken: Mapping[str, object]) -> str:
    """The header, numbered if there is one like it already."""
    if header not in taken:
        return header
    return next(name for n in count(2) if (name := f"{header} ({n})") not in taken)


def _key(header: str, taken: set[str]) -> str:
    """The header as an ASCII identifier that is not ``taken``: ``Shoe size`` is ``shoe_size``."""
    spelt = header[:LONGEST_TEXT].casefold().translate(_SPELT_OUT)
    plain = marks.form("NFKD", spelt).encode("ascii", "ignore").decode()
    key = re.sub(r"\W+", "_", plain).strip("_")[: LONGEST_KEY - 6]
    if not key:
        key = "column"
    elif key[0].isdigit():
        key = f"column_{key}"
    if key not in taken:
        return key
    return next(name for n in count(2) if (name := f"{key}_{n}") not in taken)

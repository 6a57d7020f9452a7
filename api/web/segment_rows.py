"""Rows of a form as conditions of a segment, and back.

A row has five fields, each of which comes once for every row: ``clause``, ``field``, ``attribute``
(the name of one, where the field is that), ``op`` and ``value``. A row without a field is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from api.web import segment_names
from api.web.texts import gettext as _
from api.web.zones import instant
from domain.segments import ATTRIBUTE, CLAUSES, FIELDS

Row = dict[str, str]
NAMES = ("clause", "field", "attribute", "op", "value")
EMPTY: Row = {"clause": "all", "field": "", "attribute": "", "op": "eq", "value": ""}
# Empty rows of a form beside those that are filled.
SPARE = 3
ANY_ATTRIBUTE = "attribute"
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
# Fields of true or false; and every value of ``exists`` is one.
_FLAG_FIELDS = ("opted_out", "unreachable", "never_sent")
_TIME_FIELDS = (
    "created_at",
    "created_after",
    "created_before",
    "replied_since",
    "last_sent_before",
)


def clauses() -> list[tuple[str, str]]:
    """What has to be true of a condition, for people."""
    return [
        ("all", _("must be")),
        ("any", _("one of these must be")),
        ("none", _("must not be")),
    ]


def ops() -> list[tuple[str, str]]:
    """The operations, for people."""
    return [
        ("eq", _("is")),
        ("ne", _("is not")),
        ("in", _("is one of")),
        ("contains", _("contains")),
        ("before", _("before")),
        ("after", _("after")),
        ("exists", _("is there")),
    ]


def fields() -> list[tuple[str, str]]:
    """The fields, for people."""
    names = {
        "niche": _("Niche"),
        "trigger": _("Trigger"),
        "target_status": _("Target status"),
        "opted_out": _("Opted out"),
        "unreachable": _("Unreachable"),
        "device_id": _("Device"),
        "phone": _("Phone, a part of it"),
        "created_at": _("Registered"),
        "created_after": _("Registered after"),
        "created_before": _("Registered before"),
        "sent_campaign": _("Was sent campaign"),
        "replied_since": _("Replied since"),
        "last_sent_before": _("Last written to before"),
        "never_sent": _("Never written to"),
        "in_sequence": _("Under way in sequence"),
    }
    return [(ANY_ATTRIBUTE, _("Attribute …")), *((name, names[name]) for name in FIELDS)]


def of_form(form: MultiDict[str, str]) -> list[Row]:
    """The rows of a form that was sent, without the empty ones."""
    columns = [form.getlist(name) for name in NAMES]
    rows = [dict(zip(NAMES, each, strict=True)) for each in zip(*columns, strict=False)]
    return [row for row in rows if row["field"]]


def of_filters(filters: Mapping[str, str]) -> list[Row]:
    """The rows of filters of the list of leads, as far as segments have these."""
    rows = []
    for name, value in filters.items():
        attribute = name.removeprefix(ATTRIBUTE) if name.startswith(ATTRIBUTE) else ""
        if value and (attribute or (name in FIELDS and name != "phone")):
            field = ANY_ATTRIBUTE if attribute else name
            value = segment_names.written(name, value)
            rows.append({**EMPTY, "field": field, "attribute": attribute, "value": value})
    return rows


def of_segment(segment: Mapping[str, Any]) -> list[Row]:
    """The rows of a segment as the API has it."""
    rows = []
    for clause in CLAUSES:
        for each in segment[clause]:
            attribute = each["field"].startswith(ATTRIBUTE)
            rows.append(
                {
                    "clause": clause,
                    "field": ANY_ATTRIBUTE if attribute else each["field"],
                    "attribute": each["field"].removeprefix(ATTRIBUTE) if attribute else "",
                    "op": each["op"],
                    "value": shown(each["field"], each["value"]),
                }
            )
    return rows


def shown(field: str, value: Any) -> str:
    """A value of the field as a form has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    several = value if isinstance(value, list) else [value]
    return ", ".join(segment_names.written(field, str(each)) for each in several)


def conditions(rows: list[Row]) -> dict[str, list[dict[str, Any]]]:
    """The rows as the API takes them."""
    found: dict[str, list[dict[str, Any]]] = {clause: [] for clause in CLAUSES}
    for row in rows:
        field = row["field"]
        if field == ANY_ATTRIBUTE:
            field = f"{ATTRIBUTE}{row['attribute'].strip()}"
        value = _value(field, row["op"], row["value"].strip())
        found.get(row["clause"], found["all"]).append(
            {"field": field, "op": row["op"], "value": value}
        )
    return found


def row_path(number: int) -> str:
    """What the faults of the row of that number, from 1, are called, see ``path_in_form``."""
    return f"rows[{number}]"


def path_in_form(rows: list[Row], path: str) -> str:
    """The path of a fault with the number of its row: the API counts the conditions of each clause
    for themselves, as in ``all[2].value``."""
    found = re.fullmatch(r"(all|any|none)\[([0-9]+)\](.*)", path)
    if found is None:
        return path
    numbers = [number for number, row in enumerate(rows, 1) if row["clause"] == found[1]]
    place = int(found[2]) - 1
    return f"{row_path(numbers[place])}{found[3]}" if place < len(numbers) else path


def _value(field: str, op: str, given: str) -> Any:
    if op == "in":
        several = [each.strip() for each in given.split(",") if each.strip()]
        return [segment_names.id_of(field, each) for each in several]
    if op == "exists" or field in _FLAG_FIELDS:
        return _FLAGS.get(given.lower(), given) if given else True
    return instant(given) if field in _TIME_FIELDS else segment_names.id_of(field, given)

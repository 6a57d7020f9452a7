"""Lists as CSV, for who asks for it: ``Accept: text/csv``.

One row for each item. A field that is an object of known fields has a column for each of them, with
a dot between the names; a list of words or ids is in one cell, separated by ``|``; anything else
that is no plain value is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from marshmallow import Schema, fields
from werkzeug.datastructures import MIMEAccept

from domain.csv_text import csv_text

JSON, CSV = "application/json", "text/csv"

# The names on the way to a value within an item.
Path = tuple[str, ...]


def is_wanted() -> bool:
    """Whether this request asks for CSV rather than for JSON, which it gets in doubt."""
    # Parameters, as of a character set, change nothing.
    asked = [(kind.partition(";")[0].strip(), q) for kind, q in request.accept_mimetypes]
    return MIMEAccept(asked).best_match([JSON, CSV]) == CSV


def item_of(schema: Any) -> Schema | None:
    """The schema of the items of a list, if ``schema`` is one of lists."""
    items = getattr(schema, "_declared_fields", {}).get("items")
    if isinstance(items, fields.List) and isinstance(items.inner, fields.Nested):
        return items.inner.schema
    return None


def columns(item: Schema) -> list[Path]:
    """The columns of a list of such items; the item's own id comes first."""
    found = list(_paths(item))
    return sorted(found, key=lambda path: path != ("id",))


def _paths(item: Schema) -> list[Path]:
    paths: list[Path] = []
    for name, field in item.dump_fields.items():
        shown = field.data_key or name
        if isinstance(field, fields.Nested) and not field.many:
            paths += [(shown, *path) for path in _paths(field.schema)]
        else:
            paths.append((shown,))
    return paths


def listing(view: Callable[..., Response], paths: Sequence[Path]) -> Callable[..., Response]:
    """``view``, which answers with a list, answered as CSV where that is asked for."""

    @wraps(view)
    def listed(*args: Any, **kwargs: Any) -> Response:
        response = view(*args, **kwargs)
        if is_wanted():
            response = answer(response, paths)
        response.vary.add("Accept")
        return response

    return listed


def answer(response: Response, paths: Sequence[Path]) -> Response:
    """The CSV of a JSON answer with ``items``; where there are more, its headers say how to go
    on."""
    page = response.get_json()
    rows = [[_cell(item, path) for path in paths] for item in page["items"]]
    made = Response(csv_text([".".join(path) for path in paths], rows))
    made.headers["Content-Type"] = f"{CSV}; charset=utf-8; header=present"
    name = request.path.rstrip("/").rpartition("/")[2]
    made.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    cursor = page.get("next_cursor")
    if cursor is not None:
        asked = [(k, v) for k, v in request.args.items(multi=True) if k != "cursor"]
        query = urlencode([*asked, ("cursor", cursor)])
        made.headers["X-Next-Cursor"] = cursor
        made.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return made


def _cell(item: Any, path: Path) -> str:
    for name in path:
        item = None if item is None else item.get(name)
    if item is None:
        return ""
    if isinstance(item, str):
        return item
    if isinstance(item, list) and all(isinstance(each, str) and "|" not in each for each in item):
        return "|".join(item)
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))

"""When people may be written to."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from api.schemas.fields import Items, Text, Whole, note
from domain import windows


class Window(Schema):
    """Open on the clock of the recipient."""

    weekdays = Items(
        Whole(validate=validate.OneOf(windows.WEEKDAYS)),
        7,
        least=1,
        metadata=note("1 is Monday; every day if not given"),
    )
    start = Text(metadata=note("HH:MM, 00:00 if not given"))
    end = Text(metadata=note("HH:MM, 24:00 if not given; before start: on the next day"))

    @post_load
    def struct(self, data: dict[str, Any], **_: Any) -> windows.Window:
        days = tuple(sorted(set(data.pop("weekdays", windows.WEEKDAYS))))
        return windows.Window(weekdays=days, **data)


class Windows(Items):
    """A list of windows; empty: always."""

    def __init__(self) -> None:
        super().__init__(fields.Nested(Window), 100)

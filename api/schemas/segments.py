"""Segments: conditions, and who fulfils them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from api.schemas.fields import NAME, Items, Number, Text, note
from api.schemas.leads import Lead
from domain.segments import FIELDS, MOST_CONDITIONS, MOST_VALUES, OPS


class ConditionValue(fields.Field[Any]):
    """A text, a number, true or false, a list of texts, or null. The domain says which."""

    # Of a number, on either side of 0.
    _MOST = 1e15
    _NUMBER = Number(validate=validate.Range(-_MOST, _MOST))
    _ONE: Any = [
        {"type": "string", "maxLength": 1000},
        {"type": "number", "minimum": -_MOST, "maximum": _MOST},
        {"type": "boolean"},
    ]
    _LIST: Any = {"type": "array", "maxItems": MOST_VALUES, "items": {"type": "string"}}

    def __init__(self) -> None:
        super().__init__(
            allow_none=True,
            metadata={
                "description": "a list for in, true or false for exists; times in ISO 8601, or such"
                " as 30d: so many days (h: hours, w: weeks) ago",
                "anyOf": [*self._ONE, self._LIST, {"type": "null"}],
            },
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return Text().deserialize(value)
        if isinstance(value, list) and len(value) <= MOST_VALUES:
            return [Text().deserialize(each) for each in value]
        if isinstance(value, list):
            raise ValidationError(f"Longer than maximum length {MOST_VALUES}.")
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            number = self._NUMBER.deserialize(value)
            return value if isinstance(value, int) else number
        raise ValidationError("Expected a text, a number, true or false, or a list of texts.")


class Condition(Schema):
    field = Text(
        required=True,
        validate=validate.Length(1, 200),
        metadata=note(f"one of {', '.join(FIELDS)}, or attribute.NAME"),
    )
    op = fields.String(required=True, validate=validate.OneOf(OPS))
    value = ConditionValue()


def _conditions(said: str) -> Items:
    return Items(fields.Nested(Condition), MOST_CONDITIONS, metadata=note(said))


class Conditions(Schema):
    all = _conditions("all of these hold")
    any = _conditions("at least one of these holds, if there are any")
    none = _conditions("none of these holds")


class SegmentChange(Conditions):
    name = Text(validate=NAME)


class NewSegment(SegmentChange):
    name = Text(required=True, validate=NAME)


class Segment(NewSegment):
    id = fields.UUID(required=True)
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)


class AskedSegment(NewSegment):
    """As the segment was when it was last asked for."""


class SegmentPreview(Schema):
    """Who would be in it now."""

    count = fields.Integer(required=True)
    leads = fields.List(
        fields.Nested(Lead), required=True, metadata=note("the first of them, by their ids")
    )

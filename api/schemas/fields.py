"""What schemas are made of: strict fields, patterns that come again, and pages."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate

from domain.phones import COUNTRIES

# What is nearer to 0 than this is 0: neither a time nor a share is so fine.
FINEST = 1e-9
# The longest whole number that the tables hold.
LONGEST_WHOLE = 2**63 - 1


class Number(fields.Float):
    """A JSON number: neither a string that looks like one, nor NaN, nor a zero below zero. It needs
    a ``Range`` with both ends."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        try:
            number = float(value)
        except OverflowError:
            raise self.make_error("too_large") from None
        if not math.isfinite(number):
            raise self.make_error("special")
        return 0.0 if 0 <= number < FINEST else number


class Whole(fields.Integer):
    """A JSON number without a fraction; 7.0 is 7 (JSON Schema knows no difference). It needs a
    ``Range`` with both ends, or a ``OneOf``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
            raise self.make_error("invalid")
        return int(value)


class Digits(fields.Integer):
    """A whole number in a query: digits of ASCII, which Python alone would read in more ways."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not re.fullmatch(r"-?[0-9]{1,19}", str(value)):
            raise self.make_error("invalid")
        return int(value)


class Flag(fields.Boolean):
    """true or false, and nothing that only looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Text(fields.String):
    """A JSON string that has a UTF-8 form and no NUL."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValidationError("Expected text that UTF-8 can hold.") from None
        if "\0" in text:
            raise ValidationError("Expected text without NUL.")
        return text


class Consent(fields.Field[str]):
    """What proves that somebody agrees: ``{"evidence": words}``, or the words alone."""

    WORDS: ClassVar[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 10_000}

    def __init__(self, description: str) -> None:
        given = {
            "type": "object",
            "properties": {"evidence": self.WORDS},
            "required": ["evidence"],
            "additionalProperties": False,
        }
        super().__init__(metadata={"description": description, "oneOf": [given, self.WORDS]})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        words = value["evidence"] if isinstance(value, dict) and [*value] == ["evidence"] else value
        if not isinstance(words, str) or not 1 <= len(words) <= self.WORDS["maxLength"]:
            raise ValidationError('Expected {"evidence": "1 to 10000 characters"}, or these alone.')
        return str(Text().deserialize(words))


class Items(fields.List[Any]):
    """A list of ``least`` to ``most`` items. A longer one is refused before any of them is looked
    at."""

    def __init__(
        self, item: fields.Field[Any], most: int, least: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(item, validate=validate.Length(least, most), **kwargs)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, list) and len(value) > self.most:
            raise ValidationError(f"Longer than maximum length {self.most}.")
        return super()._deserialize(value, attr, data, **kwargs)


class Part(str):
    """What marshmallow calls a part of an entry in its errors, "key" or "value": another type than
    the name of a field, which a client may have called the same."""

    __slots__ = ()


class Entries(fields.Dict):
    """An object of at most ``most`` entries. A larger one is refused before they are looked at.

    In errors the parts of an entry are of the type ``Part``."""

    def __init__(self, most: int, *, metadata: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(metadata={**metadata, "maxProperties": most}, **kwargs)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict) and len(value) > self.most:
            raise ValidationError(f"Expected at most {self.most} entries.")
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            raise ValidationError(
                {
                    name: {Part(part): said for part, said in parts.items()}
                    for name, parts in error.messages.items()
                },
                valid_data=error.valid_data,
            ) from None


def note(text: str) -> dict[str, str]:
    return {"description": text}


def shown_once(text: str) -> fields.String:
    """A secret in an answer to a POST, at its top: ``text`` says what it is for.

    Nothing else shows it, and no stored response has it (``api/http/blueprints``).
    """
    described = note(f"{text}; shown only here, and null in a repeated answer")
    return fields.String(
        required=True, allow_none=True, metadata={**described, "x-shown-once": True}
    )


# The domain has the last word; these patterns let clients know most of it beforehand.
TOKEN = [
    validate.Length(1, 100),
    validate.Regexp(r"^[^,;|\x00-\x1f]+$", error="Expected no ',', ';', '|' or control character."),
]
NAME = [
    validate.Length(1, 200),
    validate.Regexp(r"^[\s\S]*\S", error="Expected more than white space."),
]
URL = [
    validate.Length(max=2000),
    validate.Regexp(r"^https?://", error="Expected an http or https URL."),
]
KEY = validate.Regexp(
    r"^[A-Za-z_][A-Za-z0-9_]{0,99}$",
    error="Expected a name of 1 to 100 letters, digits and '_' that begins with no digit.",
)
DELAY = validate.Range(0, 86400)
INSTANT = (
    "an instant: ISO 8601 with an offset, or with a time zone's name after it"
    " (2026-03-01T09:00 Asia/Kuala_Lumpur) or in timezone"
)


def device_pool() -> Items:
    """The devices of a campaign or sequence."""
    return Items(
        fields.UUID(),
        10_000,
        metadata=note(
            "devices in service that share the leads that no device has written to; empty: all"
        ),
    )


def country_code() -> fields.String:
    """The country of phones that are written as they are dialled there."""
    return fields.String(
        validate=validate.OneOf(
            sorted(COUNTRIES),
            error="Expected a two-letter country code (ISO 3166-1) such as MY.",
        ),
        metadata=note(
            "of phones without a country code, in two letters (ISO 3166-1) such as MY; else that of"
            " the settings"
        ),
    )


CURSOR = "Expected the next_cursor of the answer before."


def seen_version() -> Whole:
    """The version that somebody looked at before changing it."""
    return Whole(
        validate=validate.Range(1, LONGEST_WHOLE),
        metadata=note("that was looked at: if it was changed since, 409"),
    )


class Seen(Schema):
    """What an approval is of."""

    version = Whole(
        validate=validate.Range(1, LONGEST_WHOLE),
        metadata=note("that was looked at: if it has another one by now, 409"),
    )


class Nothing(Schema):
    """The body of an action that needs none."""


class PageQuery(Schema):
    limit = Digits(load_default=100, validate=validate.Range(1, 500))
    cursor = fields.String(
        validate=validate.Regexp(r"^[A-Za-z0-9_-]{22}$", error=CURSOR),
        metadata=note("the next_cursor of the answer before"),
    )


def list_order() -> fields.String:
    """From which end a list begins whose ids are in the order of time."""
    return fields.String(
        load_default="oldest",
        validate=validate.OneOf(("oldest", "newest")),
        metadata=note("newest: the same list from its other end"),
    )


def query_text(text: str) -> Text:
    """What is looked for: ``text`` says where."""
    return Text(validate=validate.Length(1, 200), metadata=note(text))


class NamedQuery(PageQuery):
    """What has names and a status is listed by."""

    q = query_text("a part of the name, or the id")


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a page of ``item``: one, however many lists have such pages."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(
                required=True, allow_none=True, metadata=note("null on the last page")
            ),
        },
        name=f"{item.__name__}Page",
    )


def fill_max_delay(data: dict[str, Any], default: float) -> None:
    """Adds ``max_delay_seconds`` to ``data`` where a client gave ``min_delay_seconds`` alone: the
    greater of that and ``default``."""
    if "min_delay_seconds" in data and "max_delay_seconds" not in data:
        data["max_delay_seconds"] = max(data["min_delay_seconds"], default)

"""What a message says: the fields that campaigns, steps and the audit share."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from api.schemas.fields import URL, Entries, Items, Text, note
from domain import content
from domain import template as templates


class Variables(fields.Field[Any]):
    """Values in the order of a template's variables, or by their names."""

    def __init__(self, **kwargs: Any) -> None:
        values, most = {"type": "string"}, templates.MOST_VARIABLES
        shapes = [
            {"type": "array", "items": values, "maxItems": most},
            {"type": "object", "additionalProperties": values, "maxProperties": most},
        ]
        about = "in order, or by name; may have placeholders"
        super().__init__(metadata={**note(about), "oneOf": shapes}, **kwargs)
        self._in_order = Items(Text(), most)
        self._by_name = Entries(most, keys=Text(), values=Text(), metadata={})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict):
            return self._by_name.deserialize(value, attr, data, **kwargs)
        return tuple(self._in_order.deserialize(value, attr, data, **kwargs))


class Header(Schema):
    """A header with a variable, or with media; a header that is always the same needs none."""

    kind = fields.String(required=True, validate=validate.OneOf(templates.HEADER_KINDS))
    variables = Variables()
    url = Text(allow_none=True, validate=URL, metadata=note("of an image, video or document"))

    @post_load
    def struct(self, data: dict[str, Any], **_: Any) -> templates.Header:
        return templates.Header(**data)


class Template(Schema):
    """An approved template of the WhatsApp Cloud API, which is sent in place of the text; other
    gateways send the text."""

    name = Text(required=True)
    language = Text(required=True, metadata=note("such as en_US"))
    variables = Variables()
    header = fields.Nested(Header, allow_none=True)
    buttons = Entries(
        10,
        keys=Text(validate=validate.Regexp(r"^[0-9]\Z", error="Expected an index from 0 to 9.")),
        values=Text(),
        metadata=note("by the button's index from 0, what completes its URL"),
    )

    @post_load
    def struct(self, data: dict[str, Any], **_: Any) -> templates.Template:
        return templates.Template(**data)


class ContentFields(Schema):
    """What people write."""

    body = Text(
        validate=validate.Length(max=content.LONGEST_BODY),
        metadata=note(r"placeholders are {name} or {name|there}; \{ and \} are braces"),
    )
    media_url = Text(allow_none=True, validate=URL)
    template = fields.Nested(Template, allow_none=True)


class NewContentFields(ContentFields):
    """The same where the text must be there."""

    body = Text(
        required=True,
        validate=validate.Length(max=content.LONGEST_BODY),
        metadata=ContentFields._declared_fields["body"].metadata,
    )


class WrittenMessage(Schema):
    """A text to one person."""

    body = NewContentFields._declared_fields["body"]
    media_url = ContentFields._declared_fields["media_url"]
    device_id = fields.UUID(
        metadata=note("a device in service that sends it; else the one that the lead is tied to")
    )


class DispatchedContent(Schema):
    """What went along with the text, as it was rendered."""

    media_url = fields.String(required=True, allow_none=True, attribute="content.media_url")
    template = fields.Nested(Template, required=True, allow_none=True, attribute="content.template")

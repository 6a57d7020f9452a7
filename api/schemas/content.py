"""What a message says: the fields that campaigns, steps and the audit share."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from api.schemas.fields import URL, Text, note
from domain import content


class Template(Schema):
    """An approved template of the WhatsApp Cloud API, which is sent in place of the text; other
    gateways send the text."""

    name = Text(required=True)
    language = Text(required=True, metadata=note("such as en_US"))
    variables = fields.List(Text(), metadata=note("of its body, in order; may have placeholders"))

    @post_load
    def struct(self, data: dict[str, Any], **_: Any) -> content.Template:
        return content.Template(**{**data, "variables": tuple(data.get("variables", ()))})


class ContentFields(Schema):
    """What people write."""

    body = Text(validate=validate.Length(max=content.LONGEST_BODY))
    media_url = Text(allow_none=True, validate=URL)
    template = fields.Nested(Template, allow_none=True)


class NewContentFields(ContentFields):
    """The same where the text must be there."""

    body = Text(required=True, validate=validate.Length(max=content.LONGEST_BODY))


class DispatchedContent(Schema):
    """What went along with the text, as it was rendered."""

    media_url = fields.String(required=True, allow_none=True, attribute="content.media_url")
    template = fields.Nested(Template, required=True, allow_none=True, attribute="content.template")

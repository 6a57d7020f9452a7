"""Approved templates, which campaigns, steps and the audit show."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from api.schemas.fields import Text, note
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

"""API keys."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import NAME, Text, note, shown_once
from projections.records.api_keys import ROLES

NAMES = (
    "a name is one key's for ever, in any case: letters and digits of ASCII, with single spaces and"
    " ._@- between"
)
ROLE = validate.OneOf(ROLES)


class Identity(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata=note("what events say who did it: api:<name>"))
    role = fields.String(required=True, validate=ROLE)


class Key(Identity):
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=note("to the minute")
    )
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)


class CreatedKey(Key):
    key = shown_once("the key itself")


class Keys(Schema):
    items = fields.List(fields.Nested(Key), required=True)


class NewKey(Schema):
    name = Text(required=True, validate=NAME, metadata=note(NAMES))
    role = Text(required=True, validate=ROLE)

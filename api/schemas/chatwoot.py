"""What Chatwoot tells of a message, as far as it is read, and what it is answered."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields, validate

from api.schemas.fields import note


class ChatwootQuery(Schema):
    secret = fields.String(load_default="", metadata=note("the subscription's"))


class ChatwootObject(Schema):
    """It has many more fields, and more with each version."""

    class Meta:
        unknown = EXCLUDE

    id = fields.Integer(validate=validate.Range(0, 2**63 - 1))


class ChatwootMessage(ChatwootObject):
    event = fields.String(load_default="")
    message_type = fields.Raw(load_default=None, metadata=note("outgoing, or 1, is from an agent"))
    private = fields.Boolean(load_default=False, metadata=note("a note among agents"))
    content = fields.String(load_default="", allow_none=True)
    conversation = fields.Nested(ChatwootObject, load_default=dict)
    account = fields.Nested(ChatwootObject, load_default=dict)
    inbox = fields.Nested(ChatwootObject, load_default=dict)


class ChatwootAnswer(Schema):
    message_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata=note("the message that goes to the person; null: nothing was to be sent"),
    )

"""Replies, and suppressions of addresses."""

from __future__ import annotations

from typing import get_args

from marshmallow import Schema, fields, validate

from api.schemas.fields import PageQuery, Text, list_order, note
from api.schemas.leads import ADDRESS_KINDS
from domain.lead.events import ReplyKind


class ReplyQuery(PageQuery):
    lead_id = fields.UUID()
    device_id = fields.UUID()
    attributed = fields.Boolean(metadata=note("false: those whom nobody can be found for"))
    automatic = fields.Boolean()
    order = list_order()


class Sender(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(ADDRESS_KINDS))
    value = fields.String(required=True, metadata=note("masked for viewers where lead_id is null"))


class Reply(Schema):
    id = fields.UUID(required=True)
    lead_id = fields.UUID(required=True, allow_none=True, metadata=note("null: nobody was found"))
    device_id = fields.UUID(allow_none=True)
    gateway = fields.String(required=True)
    sender = fields.Nested(Sender, data_key="from", allow_none=True)
    text = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(get_args(ReplyKind)))
    automatic = fields.Boolean(
        required=True, metadata=note("so soon after a message that no person wrote it")
    )
    may_be = fields.List(
        fields.UUID(),
        required=True,
        metadata=note(
            "of one without lead_id: the leads with the sender's address; another device writes to"
            " them, so this one does not speak for them"
        ),
    )
    message_id = fields.UUID(
        allow_none=True, metadata=note("the message that it quotes, else the latest one before it")
    )
    sent_at = fields.AwareDateTime(allow_none=True, metadata=note("by the provider's clock"))
    received_at = fields.AwareDateTime(required=True)


class ListedReply(Reply):
    name = fields.String(
        required=True, allow_none=True, metadata=note("of the lead, as it is now; null without one")
    )


class NewSuppression(Schema):
    kind = fields.String(load_default="phone", validate=validate.OneOf(ADDRESS_KINDS))
    value = Text(
        required=True,
        validate=validate.Length(1, 200),
        metadata=note("a phone in any format that registering accepts, or what a provider calls"),
    )
    evidence = Text(
        load_default="said so to an operator",
        validate=validate.Length(1, 10_000),
        metadata=note("what proves the wish"),
    )


class Suppression(Schema):
    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(ADDRESS_KINDS))
    value = fields.String(required=True, metadata=note("masked for viewers"))
    evidence = fields.String(required=True)
    device_id = fields.UUID(
        required=True, allow_none=True, metadata=note("the device that it was said to, if it was")
    )
    for_device_only = fields.Boolean(
        required=True,
        metadata=note("the person is another device's: only this device may not write to her"),
    )
    created_at = fields.AwareDateTime(required=True)

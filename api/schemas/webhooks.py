"""The response to a provider's request."""

from __future__ import annotations

from marshmallow import Schema, fields

from api.schemas.fields import note


class InboundSummary(Schema):
    receipts = fields.Integer(required=True, metadata=note("of messages of ours"))
    replies = fields.Integer(required=True, metadata=note("of leads of ours"))

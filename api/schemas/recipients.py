"""Who got a campaign, and who was left out."""

from __future__ import annotations

from typing import get_args

from marshmallow import Schema, fields, validate

from api.schemas.fields import Digits, PageQuery, note
from domain.audience import Exclusion
from domain.message import STATUSES
from projections.queries.left_out import MOST


class RecipientQuery(PageQuery):
    status = fields.String(
        validate=validate.OneOf(STATUSES), metadata=note("of the messages; all without it")
    )
    excluded = fields.String(
        validate=validate.OneOf(get_args(Exclusion)),
        metadata=note("those who were left out, in place of those who have a message"),
    )
    most = Digits(
        validate=validate.Range(1, MOST),
        metadata=note("with excluded: look at no more people for a page"),
    )


class Recipient(Schema):
    lead_id = fields.UUID(required=True)
    phone = fields.String(
        required=True, allow_none=True, metadata=note("null once the person is erased")
    )
    name = fields.String(required=True)
    status = fields.String(
        required=True, allow_none=True, metadata=note("of the message; null: left out")
    )
    excluded = fields.String(
        required=True, allow_none=True, metadata=note("why the person is left out, as of now")
    )
    message_id = fields.UUID(required=True, allow_none=True)
    device_id = fields.UUID(required=True, allow_none=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)
    reason = fields.String(
        required=True, allow_none=True, metadata=note("why the message has that status")
    )

"""Campaigns, and the preview of one."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.content import ContentFields, NewContentFields, Template
from api.schemas.fields import (
    DELAY,
    INSTANT,
    NAME,
    TOKEN,
    Flag,
    Items,
    Number,
    Text,
    device_pool,
    note,
)
from api.schemas.windows import Windows
from domain.values import MOST_TOKENS, TARGET_FILTERS


class CampaignFields(ContentFields):
    name = Text(validate=NAME)
    niche = Items(Text(validate=TOKEN), MOST_TOKENS, metadata=note("empty: every niche"))
    target_status = fields.String(validate=validate.OneOf(TARGET_FILTERS))
    scheduled_at = Text(metadata=note(INSTANT))
    min_delay_seconds = Number(validate=DELAY)
    max_delay_seconds = Number(validate=DELAY)
    windows = Windows()
    device_ids = device_pool()
    ignore_cap = Flag(metadata=note("no promotion: the cap per day holds none of it"))
    timezone = Text(
        allow_none=True,
        metadata=note(
            "of a scheduled_at that has none, and of recipients of whom nothing else says where"
            " they are; 'recipient': everybody gets it when the own clock shows scheduled_at"
        ),
    )
    expires_after_hours = Number(
        allow_none=True,
        validate=validate.Range(0.01, 8784),
        metadata=note("what is not dispatched by then is cancelled as expired; null: never"),
    )


class CampaignChange(CampaignFields):
    pass


class NewCampaign(NewContentFields, CampaignChange):
    name = Text(required=True, validate=NAME)
    scheduled_at = Text(
        required=True, metadata=CampaignFields._declared_fields["scheduled_at"].metadata
    )


class Campaign(CampaignFields):
    local_time = fields.String(
        required=True,
        allow_none=True,
        metadata=note("at which everybody gets it; scheduled_at is when that is first anywhere"),
    )
    id = fields.UUID(required=True)
    status = fields.String(required=True)
    triggered_at = fields.AwareDateTime(allow_none=True)
    audience = fields.Integer(required=True, metadata=note("messages scheduled so far"))
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    version = fields.Integer(required=True)


class DeviceShare(Schema):
    device_id = fields.UUID(required=True)
    name = fields.String(required=True)
    status = fields.String(required=True)
    messages = fields.Integer(required=True)
    waiting = fields.Integer(required=True, metadata=note("pending on this device already"))
    finishes_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata=note("when the last of its messages leaves or left; null where nobody knows"),
    )


class Sample(Schema):
    """What one lead would get, as it is rendered now."""

    lead_id = fields.UUID(required=True)
    name = fields.String(required=True)
    device_id = fields.UUID(required=True)
    text = fields.String(required=True)
    media_url = fields.String(required=True, allow_none=True)
    template = fields.Nested(
        Template, required=True, allow_none=True, metadata=note("sent in place of the text")
    )


class TextWarning(Schema):
    code = fields.String(required=True)
    field = fields.String(
        required=True, allow_none=True, metadata=note("of the content, if it is about one")
    )
    message = fields.String(required=True)
    count = fields.Integer(required=True, allow_none=True, metadata=note("leads that it is about"))


class Preview(Schema):
    campaign_id = fields.UUID(required=True)
    status = fields.String(required=True)
    audience = fields.Integer(
        required=True, metadata=note("leads that have a message, or would get one now")
    )
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    by_status = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata=note("the messages that there are"),
    )
    devices = fields.List(fields.Nested(DeviceShare), required=True)
    finishes_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=note("when the last message leaves or left")
    )
    not_before = fields.String(
        required=True,
        allow_none=True,
        metadata=note("what has to happen first, where nobody knows when it ends"),
    )
    samples = fields.List(fields.Nested(Sample), required=True)
    warnings = fields.List(fields.Nested(TextWarning), required=True)

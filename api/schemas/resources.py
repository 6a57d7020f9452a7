"""What goes in and out, as marshmallow schemas; they are also the OpenAPI description.

Shapes and types are checked here, meanings in the domain; both answer 422 and name the field.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from api.schemas.fields import (
    DELAY,
    KEY,
    NAME,
    TOKEN,
    URL,
    Flag,
    Number,
    PageQuery,
    Text,
    Whole,
    note,
)
from domain import content
from domain.device import GATEWAYS
from domain.message import STATUSES
from domain.planning import WEEKDAYS
from domain.sequence import REENTRIES
from domain.values import TARGET_FILTERS, TARGET_STATUSES

# Leads


class LeadFields(Schema):
    name = Text(validate=validate.Length(max=500))
    niche = fields.List(Text(validate=TOKEN))
    target_status = fields.String(validate=validate.OneOf(TARGET_STATUSES))
    device_id = fields.UUID(
        allow_none=True, metadata=note("the number that writes to this lead; null: any")
    )
    timezone = Text(allow_none=True, metadata=note("IANA name, e.g. Asia/Kuala_Lumpur"))
    attributes = fields.Dict(
        keys=Text(validate=KEY),
        values=Text(validate=validate.Length(max=10_000)),
        metadata=note("what templates may name: {city}, {city|your town}"),
    )


class NewLead(LeadFields):
    phone = Text(required=True, validate=validate.Length(1, 100))
    triggers = fields.List(Text(validate=TOKEN))


class Lead(NewLead):
    id = fields.UUID(required=True)
    phone = Text(required=True, allow_none=True, metadata=note("null once the person is erased"))
    opted_out = fields.Boolean(required=True)
    opted_out_at = fields.AwareDateTime(allow_none=True)
    replied_at = fields.AwareDateTime(allow_none=True)
    registered_at = fields.AwareDateTime(required=True)
    erased_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer(required=True)


class Trigger(Schema):
    trigger = Text(required=True, validate=TOKEN)


class Evidence(Schema):
    evidence = Text(
        load_default="said so to an operator",
        validate=validate.Length(1, 10_000),
        metadata=note("what proves the wish"),
    )


class LeadQuery(PageQuery):
    phone = Text(metadata=note("in any format that registering accepts"))


class RejectedRow(Schema):
    line = fields.Integer(required=True)
    reason = fields.String(required=True)


class Imported(Schema):
    registered = fields.Integer(required=True)
    known = fields.Integer(required=True, metadata=note("there already, and left as they are"))
    rejected = fields.List(fields.Nested(RejectedRow), required=True)


# Sequences


class Template(Schema):
    """An approved template of the WhatsApp Cloud API, which is sent in place of the text; other
    gateways send the text."""

    name = Text(required=True)
    language = Text(required=True, metadata=note("such as en_US"))
    variables = fields.List(Text(), metadata=note("of its body, in order; may have placeholders"))

    @post_load
    def struct(self, data: dict[str, Any], **_: Any) -> content.Template:
        return content.Template(**{**data, "variables": tuple(data.get("variables", ()))})


class StepFields(Schema):
    body = Text(validate=validate.Length(max=4096))
    media_url = Text(allow_none=True, validate=URL)
    template = fields.Nested(Template, allow_none=True)
    delay_hours = Number(
        validate=validate.Range(0, 8784), metadata=note("after the step before; 24 if not given")
    )
    send_at = Text(
        allow_none=True,
        validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d\Z"),
        metadata=note("local time of day, HH:MM"),
    )


class NewStep(StepFields):
    body = Text(required=True, validate=validate.Length(max=4096))


class Step(NewStep):
    number = fields.Integer(required=True)
    content_id = fields.String(required=True, metadata=note("names the event that holds the text"))


class Window(Schema):
    weekdays = fields.List(
        fields.String(validate=validate.OneOf(WEEKDAYS)), validate=validate.Length(1, 7)
    )
    start = Text(metadata=note("HH:MM, 00:00 if not given"))
    end = Text(metadata=note("HH:MM, after start; 24:00 if not given"))


class SequenceFields(Schema):
    name = Text(required=True, validate=NAME)
    trigger = Text(required=True, validate=TOKEN)
    first_delay_minutes = Number(validate=validate.Range(0, 527040))
    niche = fields.List(Text(validate=TOKEN))
    target_status = fields.String(validate=validate.OneOf(TARGET_FILTERS))
    timezone = Text(allow_none=True)
    windows = fields.List(fields.Nested(Window), validate=validate.Length(max=100))
    reentry = fields.String(validate=validate.OneOf(REENTRIES))
    stop_on_reply = Flag()
    next_trigger = Text(allow_none=True, validate=TOKEN)
    min_delay_seconds = Number(validate=DELAY)
    max_delay_seconds = Number(validate=DELAY)


class NewSequence(SequenceFields):
    steps = fields.List(fields.Nested(NewStep), required=True, validate=validate.Length(1, 100))


class Sequence(SequenceFields):
    id = fields.UUID(required=True)
    status = fields.String(required=True)
    steps = fields.List(fields.Nested(Step), required=True)
    version = fields.Integer(required=True)


# Campaigns

INSTANT = (
    "an instant: ISO 8601 with an offset, or with a time zone's name after it"
    " (2026-03-01T09:00 Asia/Kuala_Lumpur) or in timezone"
)


class CampaignFields(Schema):
    name = Text(validate=NAME)
    niche = fields.List(Text(validate=TOKEN), metadata=note("empty: every niche"))
    target_status = fields.String(validate=validate.OneOf(TARGET_FILTERS))
    body = Text(validate=validate.Length(max=4096))
    media_url = Text(allow_none=True, validate=URL)
    template = fields.Nested(Template, allow_none=True)
    scheduled_at = Text(metadata=note(INSTANT))
    min_delay_seconds = Number(validate=DELAY)
    max_delay_seconds = Number(validate=DELAY)
    expires_after_hours = Number(
        allow_none=True,
        validate=validate.Range(0.01, 8784),
        metadata=note("what is not handed over by then is cancelled as expired; null: never"),
    )


class CampaignChange(CampaignFields):
    timezone = Text(metadata=note("the zone of a scheduled_at that has none of its own"))


class NewCampaign(CampaignChange):
    name = Text(required=True, validate=NAME)
    body = Text(required=True, validate=validate.Length(max=4096))
    scheduled_at = Text(
        required=True, metadata=CampaignFields._declared_fields["scheduled_at"].metadata
    )


class Campaign(CampaignFields):
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
    finishes_at = fields.AwareDateTime(required=True)


class Preview(Schema):
    campaign_id = fields.UUID(required=True)
    audience = fields.Integer(required=True, metadata=note("leads that would get it now"))
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    devices = fields.List(fields.Nested(DeviceShare), required=True)
    finishes_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=note("when the last message would leave")
    )


# Devices


class DeviceFields(Schema):
    name = Text(validate=NAME)
    settings = fields.Dict(keys=fields.String(), metadata=note("the gateway's own"))
    min_delay_seconds = Number(validate=DELAY)
    max_delay_seconds = Number(validate=DELAY)
    daily_limit = Whole(
        allow_none=True,
        validate=validate.Range(1, 2_000_000_000),
        metadata=note("hand-overs per day of timezone; null: no limit"),
    )
    timezone = Text()


class DeviceChange(DeviceFields):
    credentials = fields.Dict(
        keys=Text(validate=KEY),
        values=Text(validate=validate.Length(max=10_000)),
        load_only=True,
        metadata=note("write-only; replaced as a whole"),
    )


class NewDevice(DeviceChange):
    name = Text(required=True, validate=NAME)
    gateway = fields.String(required=True, validate=validate.OneOf(GATEWAYS))


class Device(DeviceFields):
    id = fields.UUID(required=True)
    gateway = fields.String(required=True)
    status = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True, metadata=note("why it is offline"))
    has_credentials = fields.Boolean(required=True)
    version = fields.Integer(required=True)


# Messages


class MessageQuery(PageQuery):
    status = fields.String(validate=validate.OneOf(STATUSES))
    device_id = fields.UUID()
    campaign_id = fields.UUID()
    sequence_id = fields.UUID()
    lead_id = fields.UUID()


def _moment() -> fields.AwareDateTime:
    return fields.AwareDateTime(required=True, allow_none=True)


class MessageState(Schema):
    """What a message itself is, without what its lead and its campaign or sequence add."""

    id = fields.UUID(required=True)
    message_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    lead_id = fields.UUID(required=True)
    device_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True, allow_none=True)
    sequence_id = fields.UUID(required=True, allow_none=True)
    enrollment_id = fields.UUID(required=True, allow_none=True)
    step = fields.Integer(required=True, metadata=note("from 1; 0 for a campaign's message"))
    scheduled_at = fields.AwareDateTime(required=True)
    expires_at = _moment()
    retry_at = _moment()
    send_at = _moment()
    worker = fields.String(required=True, allow_none=True)
    lease_until = _moment()
    attempt = fields.Integer(required=True)
    queued_at = _moment()
    answered_at = _moment()
    sent_at = _moment()
    delivered_at = _moment()
    read_at = _moment()
    failed_at = _moment()
    provider_id = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    content_id = fields.String(required=True, allow_none=True)
    body_sha256 = fields.String(required=True, allow_none=True)


class Message(MessageState):
    recipient_phone = fields.String(required=True, allow_none=True)
    due_at = _moment()


class NewResolution(Schema):
    resolution = fields.String(
        required=True,
        validate=validate.OneOf(("sent", "failed", "retried")),
        metadata=note("what became of it; retried: send it again"),
    )
    reason = Text(load_default="an operator said so", validate=validate.Length(1, 500))

"""Campaigns, and the preview of one."""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.schemas.consents import required_consent
from api.schemas.content import ContentFields, Template
from api.schemas.fields import (
    DELAY,
    INSTANT,
    NAME,
    TOKEN,
    Digits,
    Flag,
    Items,
    NamedQuery,
    Number,
    Text,
    Whole,
    device_pool,
    note,
    seen_version,
)
from api.schemas.segments import AskedSegment
from api.schemas.windows import Windows
from domain.campaign import Status
from domain.campaign.definition import BRAKE, LONGEST_UNDO
from domain.campaign.variants import MOST as MOST_VARIANTS
from domain.content import LONGEST_BODY
from domain.values import MOST_TOKENS, TARGET_FILTERS

SHARE = validate.Range(0, 1)


class CampaignFields(ContentFields):
    name = Text(validate=NAME)
    niche = Items(Text(validate=TOKEN), MOST_TOKENS, metadata=note("empty: every niche"))
    target_status = fields.String(validate=validate.OneOf(TARGET_FILTERS))
    scheduled_at = Text(
        allow_none=True, metadata=note(f"{INSTANT}; null: a draft does not say it yet")
    )
    min_delay_seconds = Number(validate=DELAY)
    max_delay_seconds = Number(validate=DELAY)
    windows = Windows()
    device_ids = device_pool()
    segment_id = fields.UUID(
        allow_none=True, metadata=note("only leads that are in this segment get it; null: all")
    )
    requires_consent = required_consent()
    ignore_cap = Flag(metadata=note("no promotion: the cap per day holds none of it"))
    timezone = Text(
        allow_none=True,
        metadata=note(
            "of a scheduled_at that has none, and of recipients of whom nothing else says where"
            " they are; 'recipient': everybody gets it when the own clock shows scheduled_at"
        ),
    )
    undo_seconds = Number(
        validate=validate.Range(0, LONGEST_UNDO),
        metadata=note(
            "so long after its start nothing is sent yet, and cancelling calls it back whole;"
            " SENDTRAIL_UNDO_SECONDS if it is not given"
        ),
    )
    brake = fields.Nested(
        lambda: BrakeFields(),
        allow_none=True,
        metadata=note(
            "pauses it when more than a share of those tried opted out or failed; null: never"
        ),
    )
    variants = Items(
        fields.Nested(lambda: VariantFields()),
        MOST_VARIANTS,
        metadata=note(
            "each lead gets one of these texts, which its id decides; body is the first then."
            " Their shares and hold_out make 1"
        ),
    )
    hold_out = Number(
        validate=validate.Range(0, 1, max_inclusive=False),
        metadata=note("the share of the audience that gets nothing, to compare"),
    )
    expires_after_hours = Number(
        allow_none=True,
        validate=validate.Range(0.01, 8784),
        metadata=note("what is not dispatched by then is cancelled as expired; null: never"),
    )


class BrakeFields(Schema):
    opt_outs = Number(load_default=BRAKE.opt_outs, allow_none=True, validate=SHARE)
    failures = Number(load_default=BRAKE.failures, allow_none=True, validate=SHARE)
    at_least = Whole(load_default=BRAKE.at_least, validate=validate.Range(1, 1_000_000))


class VariantFields(Schema):
    name = Text(required=True, validate=validate.Length(1, 100))
    body = Text(required=True, validate=validate.Length(max=LONGEST_BODY))
    share = Number(required=True, validate=SHARE, metadata=note("of the audience, above 0"))


class CampaignChange(CampaignFields):
    version = seen_version()


class NewCampaign(CampaignFields):
    name = Text(required=True, validate=NAME)
    body = Text(
        validate=validate.Length(max=LONGEST_BODY),
        metadata=ContentFields._declared_fields["body"].metadata,
    )
    draft = Flag(
        load_default=False,
        metadata=note("keep it; it is planned by POST /campaigns/{id}/schedule"),
    )

    @validates_schema(skip_on_field_errors=False)
    def _says_what_and_when(self, data: dict[str, Any], **_: Any) -> None:
        missing = [
            *(["body"] if not data.get("variants") and "body" not in data else []),
            *(
                ["scheduled_at"]
                if not data.get("draft") and data.get("scheduled_at") is None
                else []
            ),
        ]
        if missing:
            raise ValidationError({name: ["Missing data for required field."] for name in missing})


class CampaignTime(Schema):
    """When a draft starts, where it does not say so or says otherwise."""

    scheduled_at = Text(metadata=note(INSTANT))
    timezone = Text(allow_none=True)


class CopyOfCampaign(Schema):
    name = Text(validate=NAME, metadata=note("of the copy"))


class Approval(Schema):
    by = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class Braked(Schema):
    tried = fields.Integer(required=True, metadata=note("sent or failed"))
    failed = fields.Integer(required=True)
    opted_out = fields.Integer(required=True)
    share = fields.Float(required=True, metadata=note("the one that passed what was set"))
    at = fields.AwareDateTime(required=True)


class Campaign(CampaignFields):
    braked = fields.Nested(
        Braked, required=True, allow_none=True, metadata=note("why it paused itself, if it did")
    )
    scheduled_at = Text(
        required=True, allow_none=True, metadata=note("null of a draft that does not say yet")
    )
    undo_until = fields.AwareDateTime(
        required=True, allow_none=True, metadata=note("before it nothing is sent")
    )
    awaits_approval = fields.Boolean(
        required=True, metadata=note("nothing is sent before somebody else approves it")
    )
    approved = fields.Nested(
        Approval, required=True, allow_none=True, metadata=note("who approved it as it is")
    )
    made_by = fields.String(required=True)
    changed_by = fields.String(
        required=True, metadata=note("who last changed what it says, or to whom")
    )
    local_time = fields.String(
        required=True,
        allow_none=True,
        metadata=note("at which everybody gets it; scheduled_at is when that is first anywhere"),
    )
    segment = fields.Nested(
        AskedSegment,
        required=True,
        allow_none=True,
        metadata=note(
            "as it was when the campaign started; before that, under four eyes, as it was when the"
            " campaign named it: what is approved"
        ),
    )
    id = fields.UUID(required=True)
    status = fields.String(required=True)
    triggered_at = fields.AwareDateTime(allow_none=True)
    audience = fields.Integer(required=True, metadata=note("messages scheduled so far"))
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    version = fields.Integer(required=True)


class CampaignQuery(NamedQuery):
    status = fields.String(validate=validate.OneOf(get_args(Status)))


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


class PreviewQuery(Schema):
    most = Digits(
        validate=validate.Range(1, 1_000_000),
        metadata=note("look at no more people than these; all if it is not given"),
    )


class Preview(Schema):
    campaign_id = fields.UUID(required=True)
    status = fields.String(required=True)
    whole = fields.Boolean(
        required=True,
        metadata=note(
            "false where there is more than `most` lets it look at: then all below is of a part, "
            "and there are no devices and no end"
        ),
    )
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

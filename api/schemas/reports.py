"""Reports. The description of a number says what the number counts."""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.schemas.fields import LONGEST_WHOLE, Digits, Text, note
from api.schemas.messages import WaitsFor
from domain.message import STATUSES
from projections.queries.attention import Kind
from projections.queries.series import By
from projections.queries.signals import MOST as MOST_SIGNALS

ByStatus = Schema.from_dict(
    {status: fields.Integer(required=True) for status in STATUSES}, name="ByStatus"
)


def _counts(text: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata=note(text)
    )


class Counts(Schema):
    audience = fields.Integer(
        required=True, metadata=note("messages scheduled; the sum of by_status")
    )
    by_status = fields.Nested(
        ByStatus, required=True, metadata=note("messages by their present status")
    )
    failures = _counts("messages now failed, by the provider's code")
    cancelled = _counts("messages cancelled, by reason")
    delivered = fields.Integer(
        required=True, metadata=note("messages of which a delivery receipt came")
    )
    read = fields.Integer(required=True, metadata=note("messages of which a read receipt came"))
    replied = fields.Integer(
        required=True, metadata=note("messages that were the latest to a lead when it replied")
    )
    opted_out = fields.Integer(
        required=True, metadata=note("messages that were the latest to a lead when it opted out")
    )


class VariantReport(Schema):
    name = fields.String(required=True)
    audience = fields.Integer(required=True)
    by_status = fields.Nested(ByStatus, required=True)
    delivered = fields.Integer(required=True)
    read = fields.Integer(required=True)
    replied = fields.Integer(required=True)
    opted_out = fields.Integer(required=True)
    interval = fields.List(
        fields.Float(),
        required=True,
        allow_none=True,
        metadata=note(
            "lowest and highest share of those sent that is replied to, with 95 % confidence"
            " (Wilson); null before one is sent"
        ),
    )


class CampaignReportQuery(Schema):
    variants = fields.Boolean(
        load_default=True,
        metadata=note("false: no `variants`, which take as long as there are messages"),
    )


class CampaignReport(Counts):
    campaign_id = fields.UUID(required=True)
    name = fields.String(required=True)
    status = fields.String(required=True)
    excluded = _counts("leads that matched and got no message, by reason")
    variants = fields.List(
        fields.Nested(VariantReport), required=True, metadata=note("none where it has one text")
    )


class StepReport(Counts):
    step = fields.Integer(required=True, metadata=note("its number"))
    removed = fields.Boolean(
        required=True, metadata=note("the sequence does not have the step any more")
    )


class Enrollments(Schema):
    active = fields.Integer(required=True)
    completed = fields.Integer(required=True)
    stopped = fields.Integer(required=True)


class SequenceReport(Schema):
    sequence_id = fields.UUID(required=True)
    name = fields.String(required=True)
    status = fields.String(required=True)
    enrollments = fields.Nested(
        Enrollments, required=True, metadata=note("journeys of leads through it, by status")
    )
    stopped_because = _counts("stopped journeys, by reason")
    steps = fields.List(fields.Nested(StepReport), required=True)


# Not a class: a field called ``unknown`` would hide an attribute of Schema.
DeviceDay = Schema.from_dict(
    {
        "day": fields.String(required=True, metadata=note("date in the device's time zone")),
        "claimed": fields.Integer(
            required=True, metadata=note("slots used; what the daily limit is held against")
        ),
        "sent": fields.Integer(required=True),
        "failed": fields.Integer(required=True),
        "unknown": fields.Integer(required=True),
    },
    name="DeviceDay",
)


class DeviceReport(Schema):
    device_id = fields.UUID(required=True)
    name = fields.String(required=True)
    status = fields.String(required=True)
    days = fields.List(fields.Nested(DeviceDay), required=True)


class DeviceReportsQuery(Schema):
    device_id = fields.UUID(metadata=note("of this device alone"))
    days = Digits(
        validate=validate.Range(1, 1000),
        metadata=note("the last so many on which a device did something; all if it is not given"),
    )


class DeviceReports(Schema):
    items = fields.List(fields.Nested(DeviceReport), required=True)


class WaitingLine(WaitsFor):
    """How many messages wait for the same."""

    device_id = fields.UUID(
        required=True, allow_none=True, metadata=note("the device that is waited for, if it is one")
    )
    campaign_id = fields.UUID(required=True, allow_none=True)
    sequence_id = fields.UUID(required=True, allow_none=True)
    count = fields.Integer(required=True)
    story = fields.String(required=True, metadata=note("the same as a sentence"))


class OverviewQuery(Schema):
    most = Digits(
        validate=validate.Range(0, LONGEST_WHOLE),
        metadata=note("sum up what waits only if no more messages than these are pending"),
    )


class Overview(Schema):
    leads = fields.Integer(required=True)
    opted_out = fields.Integer(required=True, metadata=note("leads that are opted out now"))
    messages = fields.Nested(ByStatus, required=True)
    campaigns = _counts("campaigns by status")
    sequences = _counts("sequences by status")
    devices = _counts("devices by status")
    waiting = fields.List(
        fields.Nested(WaitingLine),
        required=True,
        allow_none=True,
        metadata=note(
            "what pending messages wait for, most first, at most 20; null: not summed up"
        ),
    )
    waiting_total = fields.Integer(required=True, metadata=note("all pending messages"))


class AttentionLine(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(get_args(Kind)))
    count = fields.Integer(required=True)
    text = fields.String(required=True, metadata=note("a line about it, for people"))
    id = fields.UUID(
        required=True, allow_none=True, metadata=note("of one campaign, sequence or device")
    )
    name = fields.String(required=True, allow_none=True)


class AttentionLines(Schema):
    items = fields.List(fields.Nested(AttentionLine), required=True)


class SeriesQuery(Schema):
    by = fields.String(required=True, validate=validate.OneOf(get_args(By)))
    since = fields.AwareDateTime(
        metadata=note("in the first hour or day; without it 24 hours, or 30 days, before until")
    )
    until = fields.AwareDateTime(metadata=note("after the last hour or day; without it now"))
    timezone = Text(metadata=note("in which a day begins; without it SENDTRAIL_TIMEZONE"))
    campaign_id = fields.UUID()
    sequence_id = fields.UUID()
    device_id = fields.UUID()

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Refuses to count what is of two."""
        given = [n for n in ("campaign_id", "sequence_id", "device_id") if n in data]
        if len(given) > 1:
            raise ValidationError(f"Expected no such name beside {given[0]}.", given[1])


class SeriesBucket(Schema):
    at = fields.AwareDateTime(required=True, metadata=note("when it begins, in timezone"))
    sent = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    read = fields.Integer(required=True)
    replied = fields.Integer(
        required=True, metadata=note("messages that were answered then for the first time")
    )
    failed = fields.Integer(required=True, metadata=note("also those that were sent again since"))
    opted_out = fields.Integer(
        required=True,
        metadata=note(
            "people; of a campaign, sequence or device those who said so after its messages"
        ),
    )


class Series(Schema):
    by = fields.String(required=True)
    timezone = fields.String(required=True)
    items = fields.List(fields.Nested(SeriesBucket), required=True)


class SignalsQuery(Schema):
    since = fields.AwareDateTime(
        metadata=note("planned for this time or later; without it 30 days before until")
    )
    until = fields.AwareDateTime(metadata=note("planned before this time; without it now"))
    most = Digits(
        load_default=MOST_SIGNALS,
        validate=validate.Range(1, MOST_SIGNALS),
        metadata=note("count no more messages than these"),
    )


class SignalRate(Schema):
    count = fields.Integer(required=True)
    share = fields.Float(required=True, allow_none=True, metadata=note("of those sent"))
    interval = fields.List(
        fields.Float(),
        required=True,
        allow_none=True,
        metadata=note("two numbers between which the share is, with 95 % confidence"),
    )


class SignalGroup(Schema):
    name = fields.String(
        required=True, allow_none=True, metadata=note("of the device, campaign or sequence")
    )
    sent = fields.Integer(required=True)
    delivered = fields.Nested(SignalRate, required=True)
    read = fields.Nested(SignalRate, required=True)
    replied = fields.Nested(SignalRate, required=True)
    opted_out = fields.Nested(SignalRate, required=True)


class SignalDevice(SignalGroup):
    device_id = fields.UUID(required=True)


class SignalHour(SignalGroup):
    hour = fields.Integer(
        required=True,
        metadata=note("0 to 23, on the recipient's clock, else on the device's"),
    )


class SignalContent(SignalGroup):
    campaign_id = fields.UUID(required=True, allow_none=True)
    sequence_id = fields.UUID(required=True, allow_none=True)
    step = fields.Integer(required=True, allow_none=True, metadata=note("of the sequence"))


class Signals(Schema):
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True)
    whole = fields.Boolean(
        required=True, metadata=note("false where more was sent than one answer is made of")
    )
    devices = fields.List(fields.Nested(SignalDevice), required=True)
    hours = fields.List(fields.Nested(SignalHour), required=True)
    contents = fields.List(fields.Nested(SignalContent), required=True)

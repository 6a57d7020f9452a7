"""What if: a campaign or a sequence that nobody saved, and what it would do."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.schemas.campaigns import NewCampaign
from api.schemas.fields import TOKEN, Items, Text, Whole, note
from api.schemas.sequences import NewStep, SequenceChange


class AskedCampaign(NewCampaign):
    """A campaign as POST /campaigns takes it; without a time it starts at the instant of which is
    asked."""

    @validates_schema(skip_on_field_errors=False)
    def _says_what_and_when(self, data: dict[str, Any], **_: Any) -> None:
        if not data.get("variants") and "body" not in data:
            raise ValidationError({"body": ["Missing data for required field."]})


class AskedSequence(SequenceChange):
    """A sequence as POST /sequences takes it, or what is changed of the one with that id."""

    id = fields.UUID(metadata=note("what is not given is as this sequence has it"))
    trigger = Text(validate=TOKEN)
    steps = Items(fields.Nested(NewStep), 100, least=1)


class Question(Schema):
    campaign = fields.Nested(AskedCampaign)
    as_of = fields.AwareDateTime(
        metadata=note("a campaign over leads and devices as they were then; else as they are now")
    )
    sequence = fields.Nested(AskedSequence)
    days = Whole(
        validate=validate.Range(1, 3660),
        metadata=note("a sequence over so many days before until"),
    )
    since = fields.AwareDateTime(metadata=note("in the place of days"))
    until = fields.AwareDateTime(metadata=note("now if it is not given"))

    @validates_schema
    def _asks_one_thing(self, data: dict[str, Any], **_: Any) -> None:
        if ("campaign" in data) == ("sequence" in data):
            raise ValidationError({"campaign": ["Expected either a campaign or a sequence."]})
        foreign = {"days", "since", "until"} if "campaign" in data else {"as_of"}
        if wrong := sorted(foreign & data.keys()):
            raise ValidationError({wrong[0]: ["Expected only for the other kind of question."]})


class Person(Schema):
    lead_id = fields.UUID(required=True)
    name = fields.String(required=True, metadata=note("as it is now"))
    phone = fields.String(
        required=True,
        allow_none=True,
        metadata=note("as it is now; null of a person who was erased"),
    )


class WouldGet(Person):
    device_id = fields.UUID(required=True)
    at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=note("null where nobody knows when")
    )
    step = fields.Integer(allow_none=True, metadata=note("of a sequence, from 1; else null"))


class WouldNotGet(Person):
    reason = fields.String(required=True)
    step = fields.Integer(allow_none=True, metadata=note("of a sequence, from 1; else null"))


class Computed(Schema):
    position = fields.Integer(required=True, metadata=note("the last event that it knows"))
    as_of = fields.AwareDateTime(required=True)
    digest = fields.String(
        required=True,
        metadata=note("SHA-256 of question, position and people: the same for the same question"),
    )
    erased = fields.Integer(
        required=True, metadata=note("people who are absent: they were erased since")
    )
    pauses = fields.String(
        required=True, metadata=note("'average': of each pace, in the place of random ones")
    )


class WhatIf(Schema):
    recipients = fields.List(fields.Nested(WouldGet), required=True)
    left_out = fields.List(fields.Nested(WouldNotGet), required=True)
    audience = fields.Integer(
        required=True, metadata=note("all messages that would be sent, on whatever page they are")
    )
    excluded = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata=note("everybody who is left out, by reason"),
    )
    per_day = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
        metadata=note("by date in SENDTRAIL_TIMEZONE: how many by device, and in total"),
    )
    ends_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata=note("when the last is sent; null without one, or where nobody knows"),
    )
    real = fields.Dict(
        required=True, allow_none=True, metadata=note("what really happened in a span; else null")
    )
    computed = fields.Nested(Computed, required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata=note("null on the last page")
    )

"""Leads, their triggers and opt-outs, and the summary of an import."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import KEY, TOKEN, PageQuery, Text, note
from domain.values import TARGET_STATUSES


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


class ImportSummary(Schema):
    registered = fields.Integer(required=True)
    known = fields.Integer(required=True, metadata=note("there already, and left as they are"))
    rejected = fields.List(fields.Nested(RejectedRow), required=True)

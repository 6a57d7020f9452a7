"""Quarantine: what could not be recorded and was put aside."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import CURSOR, PageQuery, Text, Whole, note
from projections.queries.quarantined import KINDS


class QuarantineQuery(Schema):
    limit = PageQuery._declared_fields["limit"]
    cursor = fields.String(
        validate=validate.Regexp(r"^[a-z]{1,20}\.[0-9a-f]{32}\.[0-9]{1,18}$", error=CURSOR),
        metadata=note("the next_cursor of the answer before"),
    )
    kind = Text(validate=validate.OneOf(KINDS))


class Quarantined(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    id = fields.UUID(required=True)
    notification_id = fields.Integer(
        required=True, allow_none=True, metadata=note("of an event that cannot be read; else null")
    )
    runner = fields.String(required=True, metadata=note("who put it aside"))
    reason = fields.String(required=True)
    since = fields.AwareDateTime(required=True)
    waits_to_be_recorded = fields.Boolean(
        required=True,
        metadata=note("it was handed over, and is recorded by itself as soon as it can be"),
    )


class Release(Schema):
    notification_id = Whole(
        validate=validate.Range(1, 2**63 - 1), metadata=note("only this event of it")
    )


class Released(Schema):
    released = fields.Integer(required=True, metadata=note("how many entries that were"))

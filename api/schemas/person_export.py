"""All that is known of one person."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from api.schemas import consents, serializers
from api.schemas.audit import Entry
from api.schemas.consents import RecordedConsent
from api.schemas.fields import note
from api.schemas.leads import Lead, LeadAddress
from api.schemas.replies import Reply, Suppression
from domain.message import STATUSES
from projections.audit.person_export import PersonExport as Exported


class ExportedMessage(Schema):
    id = fields.UUID(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    reason = fields.String(required=True, allow_none=True)
    campaign = fields.String(required=True, allow_none=True, metadata=note("its name"))
    sequence = fields.String(required=True, allow_none=True, metadata=note("its name"))
    step = fields.Integer(required=True, metadata=note("from 1; 0 for a campaign's message"))
    device = fields.String(required=True, metadata=note("its name"))
    scheduled_at = fields.AwareDateTime(required=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)
    delivered_at = fields.AwareDateTime(required=True, allow_none=True)
    read_at = fields.AwareDateTime(required=True, allow_none=True)
    text = fields.String(
        required=True,
        allow_none=True,
        metadata=note("as it was handed over last; null before that, and once erased"),
    )
    media_url = fields.String(required=True, allow_none=True)


class ExportedEnrollment(Schema):
    id = fields.UUID(required=True)
    sequence_id = fields.UUID(required=True)
    sequence = fields.String(required=True, metadata=note("its name"))
    status = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    entry = fields.Integer(required=True)
    enrolled_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)


class PersonExport(Schema):
    lead = fields.Nested(Lead, required=True)
    merged = fields.List(
        fields.Nested(Lead), required=True, metadata=note("leads that turned out to be this person")
    )
    addresses = fields.List(fields.Nested(LeadAddress), required=True)
    replies = fields.List(
        fields.Nested(Reply),
        required=True,
        metadata=note("with those from these addresses that belonged to nobody yet"),
    )
    consents = fields.List(fields.Nested(RecordedConsent), required=True)
    messages = fields.List(fields.Nested(ExportedMessage), required=True)
    enrollments = fields.List(fields.Nested(ExportedEnrollment), required=True)
    suppressions = fields.List(
        fields.Nested(Suppression), required=True, metadata=note("of these addresses")
    )
    entries = fields.List(fields.Nested(Entry), required=True, metadata=note("in order"))


def shown(export: Exported) -> dict[str, Any]:
    """The export as JSON."""
    person = serializers.lead(export.lead)
    return {
        "lead": person,
        "merged": [serializers.lead(row) for row in export.merged],
        "addresses": person["addresses"],
        "replies": [serializers.reply(row) for row in export.replies],
        "consents": [consents.recorded(row) for row in export.consents],
        "messages": export.messages,
        "enrollments": [{**row._asdict(), "id": row.enrollment_id} for row in export.enrollments],
        "suppressions": [serializers.suppression(row, masked=False) for row in export.suppressions],
        "entries": export.entries,
    }

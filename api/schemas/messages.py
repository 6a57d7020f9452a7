"""Messages, and the resolution of one whose outcome is unknown."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import PageQuery, Text, list_order, note, query_text
from domain.message import STATUSES
from domain.waiting import REASONS


class MessageFilter(Schema):
    """What messages are listed by, and changed by in bulk."""

    status = fields.String(validate=validate.OneOf(STATUSES))
    device_id = fields.UUID()
    campaign_id = fields.UUID()
    sequence_id = fields.UUID()
    lead_id = fields.UUID()
    reason = Text(
        validate=validate.Length(1, 500),
        metadata=note("why it failed, was cancelled, is unknown or was put off"),
    )
    since = fields.AwareDateTime(metadata=note("scheduled_at is then or later"))
    until = fields.AwareDateTime(metadata=note("scheduled_at is before that"))
    q = query_text("its id or the provider's; or of whom it is for, as in the list of leads")


class MessageQuery(MessageFilter, PageQuery):
    order = list_order()


def _moment() -> fields.AwareDateTime:
    return fields.AwareDateTime(required=True, allow_none=True)


class WaitsFor(Schema):
    """What a pending message waits for."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    until = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata=note("it is not sent before that; null where nobody can know"),
    )


def waits_for() -> fields.Nested:
    """What a message waits for now; null unless it is pending."""
    return fields.Nested(
        WaitsFor,
        required=True,
        allow_none=True,
        metadata=note("null unless it is pending, and at an earlier instant"),
    )


class MessageState(Schema):
    """What a message itself is, without what its lead and its campaign or sequence add."""

    id = fields.UUID(required=True)
    message_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    waits_for = waits_for()
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
    decided_by = fields.Integer(
        required=True,
        metadata=note(
            "number of the step whose branches say whether a pending one goes; 0 if it does"
        ),
    )
    content_id = fields.String(required=True, allow_none=True)
    body_sha256 = fields.String(required=True, allow_none=True)


class Message(MessageState):
    recipient_phone = fields.String(required=True, allow_none=True)
    recipient_name = fields.String(
        required=True, metadata=note("empty where nobody knows it, and once the person is erased")
    )
    due_at = _moment()


RESOLUTIONS = ("sent", "failed", "retried")
SAID_SO = "an operator said so"


class NewResolution(Schema):
    resolution = fields.String(
        required=True,
        validate=validate.OneOf(RESOLUTIONS),
        metadata=note("what became of it; retried: send it again"),
    )
    reason = Text(load_default=SAID_SO, validate=validate.Length(1, 500))

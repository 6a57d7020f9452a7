"""The audit of messages and leads, and the raw log."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.consents import ConsentThen
from api.schemas.content import DispatchedContent
from api.schemas.fields import CURSOR, INSTANT, LONGEST_WHOLE, Digits, PageQuery, Text, note
from api.schemas.leads import Lead
from api.schemas.messages import MessageState, waits_for
from domain.topics import BY_TOPIC


class Entry(Schema):
    notification_id = fields.Integer(required=True, metadata=note("its place in the log"))
    timestamp = fields.AwareDateTime(required=True)
    actor = fields.String(required=True, metadata=note("who did it"))
    topic = fields.String(required=True)
    originator_id = fields.UUID(required=True)
    originator_version = fields.Integer(required=True)
    story = fields.String(required=True, metadata=note("what happened, for people"))
    words = fields.String(
        required=True,
        allow_none=True,
        metadata=note(
            "what the person said, what was written to the person alone, or what proves it; null"
            " once the person is erased"
        ),
    )
    source = fields.String(
        required=True, allow_none=True, metadata=note("where a consent was given, such as a form")
    )
    gateway = fields.String(
        required=True, allow_none=True, metadata=note("what the words came through, if known")
    )
    device_id = fields.UUID(required=True, allow_none=True)
    device_name = fields.String(required=True, allow_none=True)


class Dispatch(DispatchedContent):
    timestamp = fields.AwareDateTime(required=True)
    phone = fields.String(
        required=True, allow_none=True, metadata=note("the lead's, when it was dispatched")
    )
    text = fields.String(
        required=True,
        allow_none=True,
        metadata=note("rendered again from what was recorded; null once the person is erased"),
    )
    body_sha256 = fields.String(required=True, metadata=note("recorded before it was sent"))
    keyed = fields.Boolean(
        required=True, metadata=note("an HMAC under the person's digest key, else a plain SHA-256")
    )
    proven = fields.Boolean(
        required=True,
        allow_none=True,
        metadata=note("the text has that hash; null where nobody can know any more"),
    )
    erased = fields.Boolean(required=True, metadata=note("the person was erased"))


class Cause(Schema):
    lead_version = fields.Integer(required=True, metadata=note("of the lead when it matched"))
    campaign_id = fields.UUID(required=True, allow_none=True)
    sequence_id = fields.UUID(required=True, allow_none=True)
    enrollment_id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True, metadata=note("of the campaign or sequence"))
    niche = fields.List(fields.String(), required=True, metadata=note("a campaign's criteria"))
    target_status = fields.String(required=True, allow_none=True)
    trigger = fields.String(required=True, allow_none=True, metadata=note("a sequence's"))
    entry = fields.Integer(required=True, allow_none=True)
    sequence_version = fields.Integer(required=True, allow_none=True)
    step = fields.Integer(required=True, allow_none=True)
    written_by = fields.String(
        required=True,
        allow_none=True,
        metadata=note("who wrote it, if it belongs to neither a campaign nor a sequence"),
    )


class MessageTrail(Schema):
    message_id = fields.UUID(required=True)
    lead_id = fields.UUID(required=True)
    recipient_phone = fields.String(required=True, allow_none=True)
    device_id = fields.UUID(required=True)
    device_name = fields.String(required=True)
    status = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    waits_for = waits_for()
    scheduled_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    cause = fields.Nested(Cause, required=True)
    consent = fields.Nested(
        ConsentThen,
        required=True,
        allow_none=True,
        metadata=note(
            "what the person agreed to when the message was handed over last, or does now if it was"
            " not: what was required, else the latest; null where that is nothing"
        ),
    )
    entries = fields.List(fields.Nested(Entry), required=True, metadata=note("in order"))
    hand_overs = fields.List(fields.Nested(Dispatch), required=True)


class AsOf(Schema):
    as_of = Text(metadata=note(INSTANT))


class EnrollmentState(Schema):
    id = fields.UUID(required=True)
    sequence_id = fields.UUID(required=True)
    status = fields.String(required=True)
    entry = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)


class LeadTrail(Schema):
    lead_id = fields.UUID(required=True)
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    state = fields.Nested(
        Lead, required=True, allow_none=True, metadata=note("null before it was registered")
    )
    enrollments = fields.List(fields.Nested(EnrollmentState), required=True)
    messages = fields.List(fields.Nested(MessageState), required=True)
    entries = fields.List(fields.Nested(Entry), required=True, metadata=note("in order"))


class WhyNotQuery(Schema):
    lead_id = fields.UUID(required=True)
    campaign_id = fields.UUID(metadata=note("this or sequence_id"))
    sequence_id = fields.UUID(metadata=note("this or campaign_id"))


class WhyNot(Schema):
    lead_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True, allow_none=True)
    sequence_id = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True, metadata=note("recorded, or what did not match"))
    story = fields.String(required=True)
    wanted = fields.List(fields.String(), required=True)
    had = fields.List(fields.String(), required=True)
    clause = fields.String(
        required=True,
        allow_none=True,
        metadata=note("of the segment, which kept the lead out: all[2], any or none[1]"),
    )
    saw = fields.Raw(
        required=True,
        allow_none=True,
        metadata=note("what that saw of the lead; of any, what each of its conditions saw"),
    )
    message_ids = fields.List(fields.UUID(), required=True, metadata=note("those there are"))
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    waits_for = waits_for()


class EventQuery(Schema):
    limit = PageQuery._declared_fields["limit"]
    cursor = fields.String(
        validate=validate.Regexp(r"^[0-9]{1,18}$", error=CURSOR),
        metadata=note("the next_cursor of the answer before"),
    )
    after = Digits(
        load_default=0,
        validate=validate.Range(0, LONGEST_WHOLE),
        metadata=note("a notification_id"),
    )
    topic = Text(validate=validate.OneOf(BY_TOPIC), metadata=note("e.g. message.sent"))
    originator_id = fields.UUID(metadata=note("an aggregate's id"))
    actor = Text()
    since = Text(metadata=note(INSTANT))
    until = Text(metadata=note(INSTANT))
    most = Digits(
        validate=validate.Range(1, 10**12),
        metadata=note("look at no more of the log: then a page may have few items and more after"),
    )


class LoggedEvent(Schema):
    notification_id = fields.Integer(required=True)
    topic = fields.String(required=True)
    originator_id = fields.UUID(required=True)
    originator_version = fields.Integer(required=True)
    timestamp = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)
    data = fields.Dict(
        keys=fields.String(), required=True, metadata=note("personal data in it is encrypted")
    )

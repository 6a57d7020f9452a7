"""Sequences: steps, and the windows in which steps may be due."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from api.schemas.consents import required_consent
from api.schemas.content import ContentFields, NewContentFields
from api.schemas.fields import (
    DELAY,
    LONGEST_WHOLE,
    NAME,
    TOKEN,
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
from domain.branches.table import LONGEST_HOURS, MOST, SHORTEST_HOURS, WHEN, Branch
from domain.sequence import REENTRIES
from domain.values import MOST_TOKENS, TARGET_FILTERS


class BranchFields(Schema):
    when = fields.String(
        required=True,
        validate=validate.OneOf(WHEN),
        metadata=note("who replied has read it, and who read it has received it"),
    )
    within_hours = Number(
        required=True,
        validate=validate.Range(SHORTEST_HOURS, LONGEST_HOURS),
        metadata=note("after the step was sent; at least a second"),
    )
    then = Whole(
        required=True,
        allow_none=True,
        validate=validate.Range(1, LONGEST_WHOLE),
        metadata=note("number of the later step that comes next; null ends the sequence"),
    )

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> Branch:
        """The branch."""
        return Branch(**data)


class StepFields(ContentFields):
    delay_hours = Number(
        validate=validate.Range(0, 8784), metadata=note("after the step before; 24 if not given")
    )
    send_at = Text(
        allow_none=True,
        validate=validate.Regexp(
            r"^([01]\d|2[0-3]):[0-5]\d\Z", error="Expected a local time of day as HH:MM."
        ),
        metadata=note("local time of day, HH:MM"),
    )
    branches = Items(
        fields.Nested(BranchFields),
        MOST,
        metadata=note(
            "tried in their order; the first that holds says what comes next. A step that one names"
            " goes only where that is taken. Without any, or where none holds, the next step comes"
        ),
    )


class NewStep(NewContentFields, StepFields):
    pass


class AddedStep(NewStep):
    at = Whole(
        validate=validate.Range(1, LONGEST_WHOLE),
        metadata=note("number of the step before which it comes; the last one if not given"),
    )


class Step(NewStep):
    number = fields.Integer(
        required=True,
        metadata=note(
            "what messages, reports and paths call the step: it never changes, and no other step"
            " gets it; the order is that of the list"
        ),
    )
    content_id = fields.String(required=True, metadata=note("names the event that holds the text"))


class StepChange(StepFields):
    version = seen_version()


class SequenceChange(Schema):
    name = Text(validate=NAME)
    first_delay_minutes = Number(validate=validate.Range(0, 527040))
    niche = Items(Text(validate=TOKEN), MOST_TOKENS)
    target_status = fields.String(validate=validate.OneOf(TARGET_FILTERS))
    timezone = Text(allow_none=True)
    windows = Windows()
    reentry = fields.String(validate=validate.OneOf(REENTRIES))
    stop_on_reply = Flag()
    stop_on_manual_message = Flag(
        metadata=note("what somebody writes on the phone itself stops the enrollment; default true")
    )
    next_trigger = Text(allow_none=True, validate=TOKEN)
    min_delay_seconds = Number(validate=DELAY)
    max_delay_seconds = Number(validate=DELAY)
    device_ids = device_pool()
    segment_id = fields.UUID(
        allow_none=True, metadata=note("only leads that are in this segment enter; null: all")
    )
    requires_consent = required_consent()
    ignore_cap = Flag(metadata=note("no promotion: the cap per day holds none of it"))


# Deleted ones are not shown.
STATUSES = ("draft", "active", "paused", "inactive")


class SequenceRevision(SequenceChange):
    version = seen_version()


class SequenceFields(SequenceChange):
    name = Text(required=True, validate=NAME)
    trigger = Text(required=True, validate=TOKEN)


class NewSequence(SequenceFields):
    steps = Items(fields.Nested(NewStep), 100, least=1, required=True)


class Proposed(Schema):
    by = fields.String(required=True)
    do = fields.String(
        required=True, validate=validate.OneOf(["revise_step", "add_step", "remove_step", "revise"])
    )
    number = fields.Integer(required=True, allow_none=True, metadata=note("of the step"))
    step = fields.Nested(StepFields, required=True, allow_none=True)
    before = fields.Integer(required=True, allow_none=True)
    definition = fields.Dict(
        required=True, allow_none=True, metadata=note("of the sequence, without its steps")
    )


class Sequence(SequenceFields):
    segment = fields.Nested(
        AskedSegment,
        required=True,
        allow_none=True,
        metadata=note("as it was when the sequence was activated, or last named it"),
    )
    made_by = fields.String(required=True)
    changed_by = fields.String(required=True, metadata=note("who changed the draft last"))
    approved_by = fields.String(required=True, allow_none=True)
    proposals = fields.List(
        fields.Nested(Proposed), required=True, metadata=note("changes that await an approval")
    )
    id = fields.UUID(required=True)
    status = fields.String(required=True)
    steps = fields.List(fields.Nested(Step), required=True)
    version = fields.Integer(required=True)


class CopyOfSequence(Schema):
    name = Text(validate=NAME, metadata=note("if not given, that of the sequence and (copy)"))
    trigger = Text(validate=TOKEN, metadata=note("if not given, that of the sequence"))


class CheckedSequence(Sequence):
    warnings = fields.List(
        fields.String(),
        required=True,
        metadata=note("what it may do that nobody meant: a cycle of sequences that has a delay"),
    )


class ChangedSequence(CheckedSequence):
    moved = fields.Integer(
        required=True, metadata=note("pending messages that are due at another time now")
    )
    added = fields.Integer(
        required=True, metadata=note("messages that were planned for those under way")
    )
    cancelled = fields.Integer(
        required=True, metadata=note("pending messages of steps that are gone")
    )
    left = fields.Integer(
        required=True,
        metadata=note("enrollments that are planned anew within minutes; 0 but for thousands"),
    )


class SequenceQuery(NamedQuery):
    status = fields.String(validate=validate.OneOf(STATUSES))

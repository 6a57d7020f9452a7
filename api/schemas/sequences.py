"""Sequences: steps, and the windows in which steps may be due."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.content import ContentFields, NewContentFields
from api.schemas.fields import DELAY, NAME, TOKEN, Flag, Number, Text, note
from domain.planning import WEEKDAYS
from domain.sequence import REENTRIES
from domain.values import TARGET_FILTERS


class StepFields(ContentFields):
    delay_hours = Number(
        validate=validate.Range(0, 8784), metadata=note("after the step before; 24 if not given")
    )
    send_at = Text(
        allow_none=True,
        validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d\Z"),
        metadata=note("local time of day, HH:MM"),
    )


class NewStep(NewContentFields, StepFields):
    pass


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
    stop_on_manual_message = Flag(
        metadata=note("what somebody writes on the phone itself stops the enrollment; default true")
    )
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

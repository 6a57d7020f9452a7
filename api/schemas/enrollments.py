"""Enrollments, and a lead that is to be enrolled."""

from __future__ import annotations

from typing import get_args

from marshmallow import Schema, fields, validate

from api.schemas.fields import PageQuery, note
from domain.enrollment import STATUSES, StopReason


class EnrollmentQuery(PageQuery):
    lead_id = fields.UUID()
    sequence_id = fields.UUID()
    status = fields.String(validate=validate.OneOf(STATUSES))
    reason = fields.String(
        validate=validate.OneOf(get_args(StopReason)), metadata=note("why it was stopped")
    )


class NewEnrollment(Schema):
    lead_id = fields.UUID(required=True)
    sequence_id = fields.UUID(required=True)


class Enrollment(Schema):
    id = fields.UUID(required=True)
    lead_id = fields.UUID(required=True)
    phone = fields.String(
        required=True, allow_none=True, metadata=note("null once the person is erased")
    )
    name = fields.String(required=True)
    sequence_id = fields.UUID(required=True)
    status = fields.String(
        required=True,
        validate=validate.OneOf(STATUSES),
        metadata=note("completed: every step was sent"),
    )
    reason = fields.String(
        required=True, allow_none=True, metadata=note("why it was stopped; null unless it was")
    )
    entry = fields.Integer(
        required=True, metadata=note("the number of times the lead has entered, from 1")
    )
    trigger = fields.String(
        required=True, metadata=note("by which the lead entered; empty if a person enrolled it")
    )
    step = fields.Integer(
        required=True,
        metadata=note("number of the step that was dispatched last; 0 before the first"),
    )
    steps = fields.Integer(required=True, metadata=note("how many steps are planned, or were"))
    enrolled_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    version = fields.Integer(required=True)

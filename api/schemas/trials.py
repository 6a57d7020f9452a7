"""Tests of devices and campaigns."""

from __future__ import annotations

from typing import get_args

from marshmallow import Schema, fields, validate

from api.schemas.content import ContentFields, DispatchedContent
from api.schemas.fields import Text, country_code, note
from domain.trials import TestOutcome

TEXT = "This is a test of Sendtrail."


class DeviceTest(Schema):
    to = Text(
        required=True,
        validate=validate.Length(1, 100),
        metadata=note("a phone, in any format that registering a lead accepts"),
    )
    country = country_code()
    lead_id = fields.UUID(metadata=note("whose data is rendered"))
    body = Text(
        load_default=TEXT,
        validate=ContentFields._declared_fields["body"].validate,
        metadata=ContentFields._declared_fields["body"].metadata,
    )


class CampaignTest(Schema):
    to = DeviceTest._declared_fields["to"]
    country = country_code()
    lead_id = fields.UUID(required=True, metadata=note("whose data is rendered"))
    device_id = fields.UUID(
        metadata=note(
            "a device in service that sends it; else the one that would write to the lead"
        )
    )


class TestResult(DispatchedContent):
    test_id = fields.UUID(required=True)
    device_id = fields.UUID(required=True)
    lead_id = fields.UUID(required=True, allow_none=True)
    text = fields.String(required=True, metadata=note("as it was rendered"))
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(get_args(TestOutcome)),
        metadata=note("what the gateway answered; unknown: it may have been sent"),
    )
    code = fields.String(
        required=True, allow_none=True, metadata=note("the provider's, if it was rejected")
    )
    reason = fields.String(required=True, allow_none=True)
    provider_id = fields.String(
        required=True, allow_none=True, metadata=note("the provider's, if it was accepted")
    )
    retry_after = fields.Float(
        required=True, allow_none=True, metadata=note("seconds, if the provider asks for a pause")
    )

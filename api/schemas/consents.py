"""Consents: what a person agreed to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate

from api.schemas.fields import INSTANT, PageQuery, Text, note
from domain.lead import Consent
from domain.lead.consents import LONGEST_SOURCE, LONGEST_WORDS

PURPOSE = validate.Regexp(
    r"^[a-z][a-z0-9_-]{0,49}$",
    error="Expected 1 to 50 lower-case letters, digits, '-' and '_' that begin with a letter.",
)


def required_consent() -> Text:
    """The purpose that a campaign or a sequence requires."""
    return Text(
        allow_none=True,
        validate=PURPOSE,
        metadata=note("only who agreed to this purpose is written to; null: everybody may be"),
    )


class NewConsent(Schema):
    purpose = Text(required=True, validate=PURPOSE, metadata=note("what it is for: marketing"))
    source = Text(
        required=True,
        validate=validate.Length(1, LONGEST_SOURCE),
        metadata=note("where it was given: a form, a shop, a call"),
    )
    words = Text(
        required=True,
        validate=validate.Length(1, LONGEST_WORDS),
        metadata=note("what the person agreed to, or said"),
    )
    given_at = Text(metadata=note(f"{INSTANT}; now if it is not given"))


class Withdrawal(Schema):
    evidence = Text(
        load_default="said so to an operator",
        validate=validate.Length(1, LONGEST_WORDS),
        metadata=note("what proves that the person agrees no more"),
    )


class GivenConsent(Schema):
    """One that is in force, as a lead shows it."""

    purpose = fields.String(required=True)
    source = fields.String(required=True)
    words = fields.String(required=True)
    given_at = fields.AwareDateTime(required=True)


class RecordedConsent(GivenConsent):
    id = fields.UUID(required=True)
    lead_id = fields.UUID(required=True)
    source = fields.String(required=True, metadata=note("empty once the person is erased"))
    words = fields.String(required=True, metadata=note("empty once the person is erased"))
    in_force = fields.Boolean(required=True)
    recorded_at = fields.AwareDateTime(required=True)
    recorded_by = fields.String(required=True)
    version = fields.Integer(required=True, metadata=note("of the lead's event that recorded it"))
    reply_id = fields.UUID(
        required=True, allow_none=True, metadata=note("the reply that gave it, if one did")
    )
    from_lead = fields.UUID(
        required=True,
        allow_none=True,
        metadata=note("the lead that was merged into this one, and has it in its own ledger"),
    )
    withdrawn_at = fields.AwareDateTime(required=True, allow_none=True)
    withdrawal = fields.String(
        required=True, allow_none=True, metadata=note("what proves that it was withdrawn")
    )


class ConsentThen(Schema):
    required = fields.Boolean(
        required=True, metadata=note("whether the campaign or sequence required it")
    )
    purpose = fields.String(required=True)
    given_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=note("null: none was in force")
    )
    source = fields.String(required=True, allow_none=True)
    words = fields.String(
        required=True, allow_none=True, metadata=note("null once the person is erased")
    )
    event = fields.Integer(
        required=True,
        allow_none=True,
        metadata=note("the notification_id of the event that recorded it"),
    )
    withdrawn_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=note("when it was withdrawn, after that")
    )


class ConsentQuery(PageQuery):
    purpose = Text(validate=PURPOSE)
    since = Text(metadata=note(f"given then or later: {INSTANT}"))
    until = Text(metadata=note(f"given then or earlier: {INSTANT}"))


def recorded(row: Any) -> dict[str, Any]:
    """A row of the ledger."""
    names = (*Consent.__struct_fields__, "lead_id")
    shown = {name: getattr(row, name) for name in names}
    return {"id": row.consent_id, **shown, "in_force": row.withdrawn_at is None}


def of_lead(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The consents of a row of a lead."""
    return [{**each, "given_at": datetime.fromisoformat(each["given_at"])} for each in stored]

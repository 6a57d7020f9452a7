"""Changes of many leads or messages at once."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.schemas.fields import TOKEN, Flag, Items, Text, note
from api.schemas.leads import LeadFields, LeadFilter
from api.schemas.messages import RESOLUTIONS, MessageFilter
from domain.application.bulk import LEAD_VERBS, MESSAGE_VERBS
from projections.intake.bulk import MOST_REFUSED

MOST_IDS = 10_000


class Bulk(Schema):
    """Who is meant: by a filter, or by ids."""

    # What needs what, by ``do``; all else is refused.
    NEEDED: dict[str, tuple[str, ...]] = {}
    ALLOWED: dict[str, tuple[str, ...]] = {}

    ids = Items(fields.UUID(), MOST_IDS, 1, metadata=note("these, in place of a filter"))
    all_ = Flag(
        data_key="all",
        load_default=False,
        metadata=note("needed where the filter is empty: everybody is meant"),
    )
    dry_run = Flag(
        load_default=False, metadata=note("write nothing, and say what would become of each")
    )

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Refuses what cannot be meant."""
        if ("filter" in data) == ("ids" in data):
            raise ValidationError("Expected either a filter or ids.", "filter")
        if data.get("filter") == {} and not data["all_"]:
            raise ValidationError("Expected a condition; or all: true, for everybody.", "filter")
        if data["all_"] and data.get("filter") != {}:
            raise ValidationError("Expected an empty filter beside it.", "all")
        do = data["do"]
        for name in self.NEEDED.get(do, ()):
            if name not in data:
                raise ValidationError(f"Expected a value, which {do} requires.", name)
        of_verbs = {n for names in (*self.NEEDED.values(), *self.ALLOWED.values()) for n in names}
        for name in of_verbs.intersection(data):
            if name not in (*self.NEEDED.get(do, ()), *self.ALLOWED.get(do, ())):
                raise ValidationError(f"Expected no such name with {do}.", name)


class BulkProfile(LeadFields):
    """What all get; attributes are added to those that a lead has."""


class BulkLeads(Bulk):
    NEEDED = {"add_trigger": ("trigger",), "remove_trigger": ("trigger",), "set": ("set",)}
    ALLOWED = {"opt_out": ("evidence",)}

    filter = fields.Nested(LeadFilter, metadata=note("as in the list of leads"))
    do = fields.String(
        required=True,
        validate=validate.OneOf(LEAD_VERBS),
        metadata=note("erase needs a key of role admin"),
    )
    trigger = Text(validate=TOKEN)
    evidence = Text(
        validate=validate.Length(1, 10_000), metadata=note("what proves the wish of all of them")
    )
    set = fields.Nested(BulkProfile)

    @validates_schema
    def check_set(self, data: dict[str, Any], **_: Any) -> None:
        """Refuses to set nothing."""
        if data.get("set") == {}:
            raise ValidationError("Expected a field to set.", "set")


class BulkMessages(Bulk):
    NEEDED = {"resolve": ("resolution",)}
    ALLOWED = {"resolve": ("reason",)}

    filter = fields.Nested(MessageFilter, metadata=note("as in the list of messages"))
    do = fields.String(required=True, validate=validate.OneOf(MESSAGE_VERBS))
    resolution = fields.String(
        validate=validate.OneOf(RESOLUTIONS),
        metadata=note("what became of them; retried: send them again"),
    )
    reason = Text(validate=validate.Length(1, 500))


class RefusedOne(Schema):
    id = fields.UUID(required=True)
    reason = fields.String(required=True)


class BulkSummary(Schema):
    matched = fields.Integer(
        required=True, metadata=note("the sum of changed, unchanged and refused_count")
    )
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True, metadata=note("as it was wished already"))
    refused = fields.List(
        fields.Nested(RefusedOne),
        required=True,
        validate=validate.Length(max=MOST_REFUSED),
        metadata=note("the first that were refused, and ids that nothing has"),
    )
    refused_count = fields.Integer(
        required=True, metadata=note("all that were refused, more than refused has")
    )

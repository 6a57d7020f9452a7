"""Leads, their triggers and opt-outs, and the summary of an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validate

from api.schemas.consents import GivenConsent
from api.schemas.fields import (
    KEY,
    TOKEN,
    Consent,
    Entries,
    Items,
    PageQuery,
    Text,
    country_code,
    note,
    query_text,
)
from domain.addresses import Kind
from domain.lead.decisions import MOST_ATTRIBUTES
from domain.values import MOST_TOKENS, TARGET_STATUSES
from projections.intake.files.foreign import PROGRAMS
from projections.intake.lead_import import MOST_REJECTED

ADDRESS_KINDS = get_args(Kind)


class LeadFields(Schema):
    name = Text(validate=validate.Length(max=500))
    niche = Items(Text(validate=TOKEN), MOST_TOKENS)
    target_status = fields.String(validate=validate.OneOf(TARGET_STATUSES))
    device_id = fields.UUID(
        allow_none=True,
        metadata=note(
            "the number that writes to this lead, unless it is retired; null: any; with another one"
            " what is pending moves to it"
        ),
    )
    timezone = Text(allow_none=True, metadata=note("IANA name, e.g. Asia/Kuala_Lumpur"))
    attributes = Entries(
        MOST_ATTRIBUTES,
        keys=Text(validate=KEY),
        values=Text(validate=validate.Length(max=10_000)),
        metadata=note("what templates may name: {city}, {city|your town}"),
    )


class OptOut(Schema):
    evidence = fields.String(required=True, allow_none=True)
    via = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class LeadAddress(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(ADDRESS_KINDS))
    scope = fields.String(required=True)
    value = fields.String(required=True)
    learned_at = fields.AwareDateTime(required=True)


class NewLead(LeadFields):
    phone = Text(required=True, validate=validate.Length(1, 100))
    triggers = Items(Text(validate=TOKEN), MOST_TOKENS)
    renewed_consent = Consent(
        "what proves that the person agrees anew: who was erased begins again as another lead, and"
        " a suppression of the phone ends"
    )


class Lead(LeadFields):
    # One by one a lead gets more than one request may give.
    triggers = fields.List(Text(validate=TOKEN))
    id = fields.UUID(required=True)
    phone = Text(required=True, allow_none=True, metadata=note("null once the person is erased"))
    opted_out = fields.Boolean(required=True)
    opted_out_at = fields.AwareDateTime(allow_none=True)
    opt_out = fields.Nested(OptOut, allow_none=True, metadata=note("null while opted in"))
    unreachable = fields.Boolean(
        required=True, metadata=note("the provider says that no message reaches the person")
    )
    unreachable_at = fields.AwareDateTime(allow_none=True)
    unreachable_code = fields.String(allow_none=True, metadata=note("the provider's reason"))
    addresses = fields.List(fields.Nested(LeadAddress), metadata=note("of today"))
    same_person_as = fields.List(
        fields.UUID(),
        metadata=note("leads with an address of this one: one person?"),
    )
    consents = fields.List(
        fields.Nested(GivenConsent), metadata=note("what the person agrees to: those in force")
    )
    merged_into = fields.UUID(allow_none=True)
    replied_at = fields.AwareDateTime(allow_none=True)
    registered_at = fields.AwareDateTime(required=True)
    erased_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer(required=True)


class ErasedLead(Lead):
    unreadable_events = fields.List(
        fields.Integer(),
        required=True,
        metadata=note(
            "versions of events that could not be read; an address that only they had is not known"
            " as erased"
        ),
    )


class ChangedLead(Lead):
    moved = fields.Integer(
        required=True, metadata=note("pending messages that go from another device now")
    )


class Trigger(Schema):
    trigger = Text(required=True, validate=TOKEN)


class Merge(Schema):
    lead_id = fields.UUID(
        required=True,
        data_key="with",
        metadata=note("the lead that is the same person; it becomes this lead's past"),
    )


class LeadPatch(LeadFields):
    phone = Text(validate=validate.Length(1, 100))
    evidence = Text(
        validate=validate.Length(1, 10_000), metadata=note("why the phone is another one")
    )


SAID_SO = "said so to an operator"


class Evidence(Schema):
    evidence = Text(
        load_default=SAID_SO,
        validate=validate.Length(1, 10_000),
        metadata=note("what proves the wish"),
    )


# A filter by an attribute begins so: attribute.city=Ipoh.
ATTRIBUTE = "attribute."


class LeadFilter(Schema):
    """What leads are listed by, and changed by in bulk; besides, ``attribute.NAME``."""

    phone = Text(
        validate=validate.Length(1, 200), metadata=note("in any format that registering accepts")
    )
    q = query_text("words of the name as they begin, the number as it begins or ends, or the id")
    niche = Text(validate=TOKEN)
    trigger = Text(validate=TOKEN)
    target_status = fields.String(validate=validate.OneOf(TARGET_STATUSES))
    opted_out = fields.Boolean()
    unreachable = fields.Boolean()
    device_id = fields.UUID(metadata=note("the lead's own"))
    created_after = fields.AwareDateTime()
    created_before = fields.AwareDateTime()
    segment_id = fields.UUID(metadata=note("who is in this segment now"))

    @pre_load
    def leave_attributes(self, data: Any, **_: Any) -> Any:
        """Without what ``take_attributes`` adds again. No field has the names of attributes."""
        if not isinstance(data, Mapping):
            return data  # which is refused
        return {name: data[name] for name in data if not str(name).startswith(ATTRIBUTE)}

    @post_load(pass_original=True)
    def take_attributes(self, data: dict[str, Any], original: Any, **_: Any) -> dict[str, Any]:
        """With the ``attributes`` by their names."""
        found: dict[str, str] = {}
        for name in original:
            if str(name).startswith(ATTRIBUTE):
                _check_attribute(name, original[name])
                found[name.removeprefix(ATTRIBUTE)] = original[name]
        return {**data, "attributes": found} if found else data


def _check_attribute(name: str, value: Any) -> None:
    """Raises ValidationError under the name of the filter."""
    try:
        KEY(name.removeprefix(ATTRIBUTE))
        Text(validate=validate.Length(max=10_000)).deserialize(value)
    except ValidationError as error:
        raise ValidationError({name: error.messages}) from None


class LeadQuery(LeadFilter, PageQuery):
    pass


class ImportQuery(Schema):
    map_ = Items(
        Text(validate=validate.Length(1, 1000)),
        1000,
        data_key="map",
        load_default=[],
        metadata=note(
            "FIELD:COLUMN says which column a field is, e.g. phone:Mobile Phone; -:COLUMN leaves"
            " the column out; may come several times"
        ),
    )
    update = fields.Boolean(
        load_default=False,
        metadata=note("leads that are known get what the file says; never an opt-in"),
    )
    dry_run = fields.Boolean(
        load_default=False, metadata=note("write nothing, and say what would become of the file")
    )
    add_triggers = Text(
        load_default="", metadata=note("triggers that everybody gets, separated by commas")
    )
    country = country_code()
    program = fields.String(
        load_default=None,
        data_key="from",
        validate=validate.OneOf(PROGRAMS),
        metadata=note("the file is an export of that program, as CSV or JSON"),
    )


class RejectedRow(Schema):
    line = fields.Integer(
        required=True, metadata=note("where the row begins, from 1; of a sheet the row")
    )
    field = fields.String(required=True, metadata=note("what is wrong with the row; or 'row'"))
    reason = fields.String(required=True)


class ColumnRead(Schema):
    as_ = fields.String(
        required=True,
        data_key="as",
        metadata=note("a field such as phone; or attribute; or nothing"),
    )
    attribute = fields.String(
        required=True, allow_none=True, metadata=note("the attribute's name in templates")
    )
    reason = fields.String(
        required=True, allow_none=True, metadata=note("why, where the header does not say it")
    )
    number = fields.Integer(
        required=True, metadata=note("its place in the file, from 1: objects have no order")
    )


class ImportSummary(Schema):
    registered = fields.Integer(required=True)
    updated = fields.Integer(required=True, metadata=note("known, and changed by update"))
    unchanged = fields.Integer(
        required=True, metadata=note("known; update found nothing to change")
    )
    known = fields.Integer(
        required=True, metadata=note("there already, and left as they are; without update")
    )
    opted_out = fields.Integer(required=True, metadata=note("opted out by the file"))
    rejected = fields.List(
        fields.Nested(RejectedRow),
        required=True,
        validate=validate.Length(max=MOST_REJECTED),
        metadata=note("the first rows that were not imported, by their lines"),
    )
    rejected_count = fields.Integer(
        required=True, metadata=note("all rows that were not imported, more than rejected has")
    )
    columns = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(ColumnRead),
        required=True,
        metadata=note("how each column was read, by its header"),
    )
    country = fields.String(
        required=True,
        allow_none=True,
        metadata=note("of phones without a country code; null: each has to have its own"),
    )

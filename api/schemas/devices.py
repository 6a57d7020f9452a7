"""Devices: sending numbers behind gateways."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate

from api.schemas.fields import (
    DELAY,
    KEY,
    NAME,
    Entries,
    Flag,
    NamedQuery,
    Number,
    Text,
    Whole,
    note,
    seen_version,
)
from domain.device import GATEWAYS, Status

ANY = "any"


class DeviceQuery(NamedQuery):
    status = fields.String(validate=validate.OneOf(get_args(Status)))


class DeviceOrAny(Text):
    """The id of a device, as a UUID, or ``any``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text == ANY:
            return text
        try:
            return UUID(text)
        except ValueError:
            raise ValidationError("Expected the id of a device, or 'any'.") from None


class WarmUp(Schema):
    from_ = Whole(
        data_key="from",
        required=True,
        validate=validate.Range(1, 2_000_000_000),
        metadata=note("dispatches on the first day"),
    )
    to = Whole(
        required=True,
        validate=validate.Range(1, 2_000_000_000),
        metadata=note("dispatches a day after those days; not below from"),
    )
    days = Whole(
        required=True,
        validate=validate.Range(1, 366),
        metadata=note("how long the limit grows"),
    )


class DeviceFields(Schema):
    name = Text(validate=NAME)
    settings = Entries(
        100,
        keys=fields.String(),
        metadata=note(
            "those that the gateway knows, and all that it needs; only an admin sets allow_http"
        ),
    )
    min_delay_seconds = Number(validate=DELAY)
    max_delay_seconds = Number(validate=DELAY)
    daily_limit = Whole(
        allow_none=True,
        validate=validate.Range(1, 2_000_000_000),
        metadata=note("dispatches per day of timezone; null: no limit"),
    )
    warm_up = fields.Nested(
        WarmUp,
        allow_none=True,
        metadata=note(
            "the limit of a new number: on day d, counted from the first connection in timezone,"
            " from + (to - from) * (d - 1) / days, rounded down, later to; of this and daily_limit"
            " the lower counts; null: none"
        ),
    )
    timezone = Text()


class TemplateHeader(Schema):
    kind = fields.String(required=True)
    variables = fields.List(fields.String(), required=True, metadata=note("of a header of text"))


class TemplateVariables(Schema):
    """What a message must give: names, which are 1, 2 … where the template has none."""

    header = fields.Nested(
        TemplateHeader,
        required=True,
        allow_none=True,
        metadata=note("null: the header has neither a variable nor media"),
    )
    body = fields.List(fields.String(), required=True)
    buttons = fields.List(
        fields.String(), required=True, metadata=note("indexes, from 0, of URLs to be completed")
    )


class ApprovedTemplate(Schema):
    name = fields.String(required=True)
    language = fields.String(required=True)
    status = fields.String(required=True, metadata=note("the provider's, such as APPROVED"))
    category = fields.String(required=True)
    variables = fields.Nested(TemplateVariables, required=True)


class Templates(Schema):
    items = fields.List(fields.Nested(ApprovedTemplate), required=True)


class DeviceChange(DeviceFields):
    credentials = Entries(
        100,
        keys=Text(validate=KEY),
        values=Text(validate=validate.Length(max=10_000)),
        load_only=True,
        metadata=note(
            "those that the gateway knows; write-only; replaced as a whole; all anew where base_url"
            " leads to another host"
        ),
    )


class DeviceRevision(DeviceChange):
    version = seen_version()


class NewDevice(DeviceChange):
    name = Text(required=True, validate=NAME)
    gateway = fields.String(required=True, validate=validate.OneOf(GATEWAYS))


class Retirement(Schema):
    move_to = DeviceOrAny(
        metadata=note(
            "the device in service that takes over what is pending; 'any': whichever writes to each"
            " lead"
        ),
    )
    cancel = Flag(metadata=note("what is pending is cancelled"))


class Device(DeviceFields):
    id = fields.UUID(required=True)
    gateway = fields.String(required=True)
    status = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True, metadata=note("why it is offline"))
    offline_since = fields.AwareDateTime(
        required=True, allow_none=True, metadata=note("null unless it is offline")
    )
    address = fields.String(
        required=True,
        allow_none=True,
        metadata=note("its own number as the provider names it in webhooks; null: not known"),
    )
    has_credentials = fields.Boolean(required=True)
    version = fields.Integer(required=True)

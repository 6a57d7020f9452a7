"""Devices: sending numbers behind gateways."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import DELAY, KEY, NAME, Number, Text, Whole, note
from domain.device import GATEWAYS


class DeviceFields(Schema):
    name = Text(validate=NAME)
    settings = fields.Dict(keys=fields.String(), metadata=note("the gateway's own"))
    min_delay_seconds = Number(validate=DELAY)
    max_delay_seconds = Number(validate=DELAY)
    daily_limit = Whole(
        allow_none=True,
        validate=validate.Range(1, 2_000_000_000),
        metadata=note("dispatches per day of timezone; null: no limit"),
    )
    timezone = Text()


class DeviceChange(DeviceFields):
    credentials = fields.Dict(
        keys=Text(validate=KEY),
        values=Text(validate=validate.Length(max=10_000)),
        load_only=True,
        metadata=note("write-only; replaced as a whole"),
    )


class NewDevice(DeviceChange):
    name = Text(required=True, validate=NAME)
    gateway = fields.String(required=True, validate=validate.OneOf(GATEWAYS))


class Device(DeviceFields):
    id = fields.UUID(required=True)
    gateway = fields.String(required=True)
    status = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True, metadata=note("why it is offline"))
    has_credentials = fields.Boolean(required=True)
    version = fields.Integer(required=True)

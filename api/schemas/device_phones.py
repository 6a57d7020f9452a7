"""The phone behind a device: how it is linked, and the import of its contacts."""

from __future__ import annotations

from marshmallow import Schema, fields

from api.schemas.fields import Text, note


class PairingQuery(Schema):
    phone = Text(
        metadata=note(
            "the number of the device's phone: then the answer has a code to type on it; without,"
            " a QR code to scan with it"
        ),
    )


class Pairing(Schema):
    device_id = fields.UUID(required=True)
    qr = fields.String(
        required=True,
        allow_none=True,
        metadata=note("an SVG image, to be scanned in WhatsApp under Linked devices"),
    )
    code = fields.String(
        required=True,
        allow_none=True,
        metadata=note("to be typed in WhatsApp under Linked devices, Link with phone number"),
    )
    seconds = fields.Integer(
        required=True,
        allow_none=True,
        metadata=note("how long the QR code is good for; null: not known"),
    )


class ContactsQuery(Schema):
    update = fields.Boolean(
        load_default=False, metadata=note("leads that are known get the name of the contact")
    )
    dry_run = fields.Boolean(
        load_default=False, metadata=note("write nothing, and say what would become of them")
    )
    add_triggers = Text(
        load_default="", metadata=note("triggers that everybody gets, separated by commas")
    )

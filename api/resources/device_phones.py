"""/devices/{id}/pairing and /devices/{id}/contacts: the phone behind a device."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import segno

from api.http import device_phones
from api.http.blueprints import Blueprint
from api.http.context import actor, container, outreach
from api.schemas.device_phones import ContactsQuery, Pairing, PairingQuery
from api.schemas.leads import ImportSummary
from domain import phones
from domain.pairing import QrCode
from projections.intake.contacts import contacts_file
from projections.intake.lead_import import Options, import_people

blueprint = Blueprint("device_phones", __name__, url_prefix="/api/v1/devices")


# It begins a login at the gateway, and whoever sees the code may link a phone.
@blueprint.get("/<uuid:device_id>/pairing", needs="operator")
@blueprint.arguments(PairingQuery, location="query")
@blueprint.response(200, Pairing)
@blueprint.alt_response(
    409,
    description="a phone is linked already: errors.state is logged_in; or the device's gateway"
    " links none",
)
@blueprint.alt_response(502, description="the gateway does not answer, or refuses")
def pairing(query: dict[str, Any], device_id: UUID) -> Any:
    """Link a phone: a QR code to scan, or, with its number, a code to type"""
    found: dict[str, Any] = {"device_id": device_id, "qr": None, "code": None, "seconds": None}
    if "phone" in query:
        phone = phones.parse(query["phone"], container().settings.default_region)
        return {**found, "code": device_phones.code(device_id, phone)}
    qr = device_phones.qr_code(device_id)
    return {**found, "qr": _svg(qr), "seconds": qr.seconds}


@blueprint.post("/<uuid:device_id>/contacts", needs="operator")
@blueprint.arguments(ContactsQuery, location="query")
@blueprint.response(200, ImportSummary)
@blueprint.alt_response(409, description="the device's gateway has no contacts")
@blueprint.alt_response(502, description="the gateway does not answer, or refuses")
def contacts(query: dict[str, Any], device_id: UUID) -> Any:
    """Import the contacts of its phone as leads of this device; groups are left out"""
    found = device_phones.contacts(device_id)
    add_triggers = query.pop("add_triggers")
    options = Options(
        region=None, add_triggers=tuple(add_triggers.split(",")) if add_triggers else (), **query
    )
    file = contacts_file(found, device_id)
    return import_people(container().database, outreach(), file, options, actor=actor())


def _svg(qr: QrCode) -> str:
    """The code as an SVG element, dark on light whatever the page's colours are."""
    # The library draws what it encoded itself, or any matrix that comes as its encoder gives it.
    drawn: Any = cast(Any, segno.QRCode)(
        SimpleNamespace(
            matrix=tuple(bytearray(row) for row in qr.modules),
            version=(len(qr.modules) - 17) // 4,
            error=None,
            mask=0,
            segments=(),
        )
    )
    return str(drawn.svg_inline(scale=6, dark="#000", light="#fff"))

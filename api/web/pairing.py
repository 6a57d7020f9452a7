"""Linking the phone of a device: a code to scan, or to type."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, request
from markupsafe import Markup

from api.web import asking, forms
from api.web.asking import ApiError
from api.web.rendering import render

blueprint = Blueprint("web_pairing", __name__)

# What may be said of an asked code, to be shown beside the form.
_SHOWN = (409, 422, 502)


@blueprint.get("/devices/<uuid:device_id>/pairing")
def show(device_id: UUID) -> tuple[str, int]:
    """How a phone is linked; a code once it is asked for, because that begins a login."""
    forms.need("operator")
    device = asking.get(f"/devices/{device_id}")
    by, phone = request.args.get("by"), request.args.get("phone", "")
    found, wrong = None, None
    try:
        if by == "qr":
            found = asking.get(f"/devices/{device_id}/pairing")
        elif by == "code":
            found = asking.get(f"/devices/{device_id}/pairing", phone=phone or None)
    except ApiError as error:
        if error.status not in _SHOWN:
            raise
        wrong = error
    # Drawn by the API in this process: nothing of it is from outside.
    picture = Markup(found["qr"]) if found and found["qr"] else None  # noqa: S704
    page = render(
        "pairing.html", device=device, phone=phone, found=found, picture=picture, wrong=wrong
    )
    return page, 200 if wrong is None else wrong.status

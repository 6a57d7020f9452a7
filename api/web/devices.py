"""Devices: the numbers that send, how each fares, and taking one in or out of service."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.web import asking, forms
from api.web.asking import ApiError
from api.web.rendering import render

blueprint = Blueprint("web_devices", __name__)

PAGE = 100
# What a person may do to a device, by its status.
ACTIONS = {"offline": "connect", "online": "disconnect"}


@blueprint.get("/devices")
def index() -> str:
    """All devices, each with what it did today."""
    return _list()


@blueprint.post("/devices")
def register() -> Response | tuple[str, int]:
    """Registers one on the sandbox, and takes it into service: it sends to nobody."""
    forms.need("operator")
    body = {"name": request.form.get("name", ""), "gateway": "sandbox"}
    try:
        made = asking.send("POST", "/devices", body, forms.once_given())
        asking.send("POST", f"/devices/{made['id']}/connect")
    except ApiError as error:
        return _list(forms.mendable(error)), error.status
    return redirect(url_for("web_devices.index"), 303)


@blueprint.post("/devices/<uuid:device_id>/<any(connect, disconnect):action>")
def change(device_id: UUID, action: str) -> Response | tuple[str, int]:
    """Takes it into service or out of it."""
    forms.need("operator")
    try:
        asking.send("POST", f"/devices/{device_id}/{action}", once=forms.once_given())
    except ApiError as error:
        return _list(forms.mendable(error)), error.status
    return redirect(url_for("web_devices.index"), 303)


@blueprint.get("/devices/table")
def table() -> str:
    """The table alone, to be asked for again and again."""
    return render("devices_table.html", **_found())


def _list(wrong: ApiError | None = None) -> str:
    return render("devices.html", wrong=wrong, **_found())


def _found() -> dict[str, Any]:
    reports = {each["device_id"]: each for each in asking.get("/reports/devices")["items"]}
    devices = asking.get("/devices", limit=PAGE)["items"]
    return {"devices": devices, "reports": reports, "actions": ACTIONS}

"""Devices: the numbers that send, how each fares, and taking one in or out of service."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.web import asking, device_forms, forms
from api.web.asking import ApiError
from api.web.forms import Answer
from api.web.rendering import render

blueprint = Blueprint("web_devices", __name__)

PAGE = 100
# What a person may do to a device, by its status.
ACTIONS = {"offline": "connect", "online": "disconnect"}
ANY, CANCEL = "any", "cancel"


@blueprint.get("/devices")
def index() -> str:
    """All devices, each with what it did today."""
    return _list()


@blueprint.post("/devices")
def try_it() -> Response | tuple[str, int]:
    """Registers one on the sandbox, and takes it into service: it sends to nobody."""
    forms.need("operator")
    body = {"name": request.form.get("name", ""), "gateway": "sandbox"}
    try:
        made = asking.send("POST", "/devices", body, forms.once_given())
        asking.send("POST", f"/devices/{made['id']}/connect")
    except ApiError as error:
        return _list(forms.mendable(error)), error.status
    return redirect(url_for("web_devices.index"), 303)


@blueprint.get("/devices/new")
def new() -> str:
    """The form for a device of any gateway: first which, then what it needs."""
    forms.need("operator")
    return _form(request.args.get("gateway", ""))


@blueprint.post("/devices/new")
def register() -> Answer:
    """Registers a device. It is offline until its gateway or a person says otherwise."""
    forms.need("operator")
    gateway = forms.text("gateway")
    body = {**device_forms.given(gateway), "gateway": gateway}
    try:
        made = asking.send("POST", "/devices", body, forms.once_given())
    except ApiError as error:
        return _form(gateway, wrong=forms.mendable(error)), error.status
    return redirect(url_for("web_devices.show", device_id=made["id"]), 303)


@blueprint.get("/devices/<uuid:device_id>")
def show(device_id: UUID) -> str:
    """One device: its state, what it did day by day, and changing it."""
    return _page(device_id)


@blueprint.post("/devices/<uuid:device_id>/edit")
def edit(device_id: UUID) -> Answer:
    """Changes it. Credentials that are not given stay."""
    forms.need("operator")
    gateway = asking.get(f"/devices/{device_id}")["gateway"]
    body = device_forms.given(gateway) | forms.seen()
    return _done(device_id, "PATCH", "", body, tried="edit")


@blueprint.post("/devices/<uuid:device_id>/<any(connect, disconnect):action>")
def change(device_id: UUID, action: str) -> Answer:
    """Takes it into service or out of it."""
    forms.need("operator")
    return _done(device_id, "POST", f"/{action}")


@blueprint.post("/devices/<uuid:device_id>/retire")
def retire(device_id: UUID) -> Answer:
    """Takes it out of service for good, with what becomes of its messages."""
    forms.need("operator")
    chosen = forms.text("becomes")
    body = {"cancel": True} if chosen == CANCEL else {"move_to": chosen} if chosen else {}
    return _done(device_id, "POST", "/retire", body, tried="retire")


@blueprint.get("/devices/table")
def table() -> str:
    """The table alone, to be asked for again and again."""
    return render("devices_table.html", **_found())


def _done(
    device_id: UUID, method: str, path: str, body: dict[str, Any] | None = None, tried: str = ""
) -> Answer:
    """Sends the change of the form that was ``tried``, and shows the device."""
    return forms.change(
        method,
        f"/devices/{device_id}{path}",
        body,
        url_for("web_devices.show", device_id=device_id),
        lambda wrong: _page(device_id, wrong, tried),
    )


def _list(wrong: ApiError | None = None) -> str:
    return render("devices.html", wrong=wrong, **_found())


def _found() -> dict[str, Any]:
    devices = asking.get("/devices", limit=PAGE)["items"]
    reports = asking.get("/reports/devices", days=1)["items"]
    days = {each["device_id"]: each["days"] for each in reports}
    latest = {device_id: of_device[-1] for device_id, of_device in days.items() if of_device}
    return {"devices": devices, "latest": latest, "actions": ACTIONS}


def _page(device_id: UUID, wrong: ApiError | None = None, tried: str = "") -> str:
    device = asking.get(f"/devices/{device_id}")
    (report,) = asking.get("/reports/devices", device_id=device_id)["items"]
    others = [
        (each["id"], each["name"])
        for each in asking.get("/devices", limit=PAGE)["items"]
        if each["status"] != "retired" and each["id"] != device["id"]
    ]
    return render(
        "device.html",
        device=device,
        days=report["days"],
        action=ACTIONS.get(device["status"]),
        others=others,
        shown=device_forms.shown(device),
        options=device_forms.options(device["gateway"], device["settings"]),
        tried=tried,
        wrong=wrong,
    )


def _form(gateway: str, wrong: ApiError | None = None) -> str:
    return render(
        "device_new.html",
        gateways=list(device_forms.gateways().items()),
        gateway=gateway if gateway in device_forms.gateways() else "",
        options=device_forms.options(gateway, {}),
        shown=device_forms.shown({}),
        wrong=wrong,
    )

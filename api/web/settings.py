"""Settings: keys, subscriptions, suppressions, and how the installation fares."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.web import asking, forms
from api.web.asking import ApiError
from api.web.rendering import render

blueprint = Blueprint("web_settings", __name__, url_prefix="/settings")

PAGE = 100


@blueprint.get("/keys")
def keys() -> str:
    """All API keys. Raises ApiError below admin."""
    return _keys()


@blueprint.post("/keys")
def make_key() -> str | tuple[str, int]:
    """Makes a key, and shows it this once."""
    forms.need("admin")
    body = {"name": request.form.get("name", ""), "role": request.form.get("role", "")}
    try:
        made = asking.send("POST", "/keys", body, forms.once_given())
    except ApiError as error:
        return _keys(wrong=forms.mendable(error)), error.status
    return _keys(made=made)


@blueprint.post("/keys/<path:name>/revoke")
def revoke_key(name: str) -> Response | tuple[str, int]:
    """Revokes a key, and the sessions that are its."""
    forms.need("admin")
    try:
        asking.send("DELETE", f"/keys/{name}")
    except ApiError as error:
        return _keys(wrong=forms.mendable(error)), error.status
    return redirect(url_for("web_settings.keys"), 303)


@blueprint.get("/subscriptions")
def subscriptions() -> str:
    """Who is told of events."""
    found = asking.get("/subscriptions")
    return render("settings_subscriptions.html", subscriptions=found["items"])


@blueprint.get("/suppressions")
def suppressions() -> str:
    """Numbers that nobody may write to."""
    return _suppressions()


@blueprint.post("/suppressions")
def suppress() -> Response | tuple[str, int]:
    """Keeps a no of somebody who may be nobody's lead."""
    forms.need("operator")
    body = {"value": request.form.get("value", ""), "evidence": request.form.get("evidence", "")}
    try:
        asking.send("POST", "/suppressions", body, forms.once_given())
    except ApiError as error:
        return _suppressions(forms.mendable(error)), error.status
    return redirect(url_for("web_settings.suppressions"), 303)


@blueprint.get("/health")
def health() -> str:
    """What needs looking after."""
    return render(
        "settings_health.html",
        overview=asking.get("/reports/overview"),
        quarantined=asking.get("/quarantine", limit=PAGE)["items"],
    )


def _keys(made: dict[str, str] | None = None, wrong: ApiError | None = None) -> str:
    found = asking.get("/keys")["items"]
    return render("settings_keys.html", keys=found, made=made, wrong=wrong)


def _suppressions(wrong: ApiError | None = None) -> str:
    found = asking.listed("/suppressions", PAGE)
    return render("settings_suppressions.html", wrong=wrong, **found)

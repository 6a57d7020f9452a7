"""Settings: keys, subscriptions, suppressions, and how the installation fares."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, request, url_for

from api.web import asking, forms
from api.web.asking import ApiError
from api.web.forms import Answer
from api.web.rendering import render
from domain.webhook_events import TOPICS

blueprint = Blueprint("web_settings", __name__, url_prefix="/settings")

PAGE = 100
# Of the page that shows all components.
STATES = ("sent", "pending", "failed", "unknown", "cancelled", "paused", "online", "offline")
HOSTILE = "<b>Mei</b> \u202e\u05d0\u05d1\u05d2 \x1b[31m"


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
def revoke_key(name: str) -> Answer:
    """Revokes a key, and the sessions that are its."""
    forms.need("admin")
    path = f"/keys/{quote(name, safe='')}"
    return forms.change("DELETE", path, None, url_for("web_settings.keys"), _keys)


@blueprint.get("/subscriptions")
def subscriptions() -> str:
    """Who is told of events."""
    return _subscriptions()


@blueprint.post("/subscriptions")
def subscribe() -> str | tuple[str, int]:
    """Tells a system what happens from now on; its secret is shown this once."""
    forms.need("admin")
    body: dict[str, Any] = {"url": forms.text("url")}
    if events := request.form.getlist("events"):
        body["events"] = events
    if "allow_http" in request.form:
        body["allow_http"] = True
    return _with_secret("/subscriptions", body)


@blueprint.post("/subscriptions/<uuid:subscription_id>/rotate-secret")
def rotate_secret(subscription_id: UUID) -> str | tuple[str, int]:
    """Gives it a new secret, which is shown this once."""
    forms.need("admin")
    return _with_secret(f"/subscriptions/{subscription_id}/rotate-secret", None)


@blueprint.post("/subscriptions/<uuid:subscription_id>/<any(retry, end):action>")
def change_subscription(subscription_id: UUID, action: str) -> Answer:
    """Tries again what it was not told, or ends it."""
    forms.need("admin")
    method, path = ("POST", "/retry") if action == "retry" else ("DELETE", "")
    path = f"/subscriptions/{subscription_id}{path}"
    then = url_for("web_settings.subscriptions")
    return forms.change(method, path, None, then, lambda wrong: _subscriptions(wrong=wrong))


@blueprint.get("/suppressions")
def suppressions() -> str:
    """Numbers that nobody may write to."""
    return _suppressions()


@blueprint.post("/suppressions")
def suppress() -> Answer:
    """Keeps a no of somebody who may be nobody's lead."""
    forms.need("operator")
    body = {"value": forms.text("value"), "evidence": forms.text("evidence")}
    then = url_for("web_settings.suppressions")
    return forms.change("POST", "/suppressions", body, then, _suppressions)


@blueprint.post("/suppressions/<uuid:suppression_id>/release")
def release(suppression_id: UUID) -> Answer:
    """Forgets that the number said no."""
    forms.need("admin")
    then = url_for("web_settings.suppressions")
    return forms.change("DELETE", f"/suppressions/{suppression_id}", None, then, _suppressions)


@blueprint.post("/quarantine/<uuid:quarantined_id>/release")
def let_go(quarantined_id: UUID) -> Answer:
    """Lets the runners try again what was put aside."""
    forms.need("operator")
    path = f"/quarantine/{quarantined_id}/release"
    return forms.change("POST", path, None, url_for("web_settings.health"), _health)


@blueprint.get("/health")
def health() -> str:
    """What needs looking after."""
    return _health()


@blueprint.get("/components")
def components() -> str:
    """All parts that pages are made of."""
    forms.need("admin")
    wrong = ApiError(422, {"message": "phone: expected a phone number such as +60123456789"})
    return render("components.html", states=STATES, hostile=HOSTILE, sample_refusal=wrong)


def _health(wrong: ApiError | None = None) -> str:
    return render(
        "settings_health.html",
        overview=asking.get("/reports/overview", most=0),
        ready=asking.readiness(),
        quarantined=asking.get("/quarantine", limit=PAGE)["items"],
        wrong=wrong,
    )


def _keys(wrong: ApiError | None = None, made: dict[str, str] | None = None) -> str:
    found = asking.get("/keys")["items"]
    return render("settings_keys.html", keys=found, made=made, wrong=wrong)


def _with_secret(path: str, body: dict[str, Any] | None) -> str | tuple[str, int]:
    try:
        made = asking.send("POST", path, body, forms.once_given())
    except ApiError as error:
        return _subscriptions(wrong=forms.mendable(error)), error.status
    return _subscriptions(made=made)


def _subscriptions(made: dict[str, Any] | None = None, wrong: ApiError | None = None) -> str:
    found = asking.get("/subscriptions")["items"]
    return render(
        "settings_subscriptions.html",
        subscriptions=found,
        made=made,
        wrong=wrong,
        topics=sorted(TOPICS),
    )


def _suppressions(wrong: ApiError | None = None) -> str:
    found = asking.listed("/suppressions", PAGE)
    return render("settings_suppressions.html", **found | {"wrong": wrong or found["wrong"]})

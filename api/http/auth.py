"""Authentication and roles: ``Authorization: Bearer <key>``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import structlog
from flask import Flask, current_app, g, request
from flask_smorest import abort

from api.http import wrong_tries
from api.http.blueprints import Access
from api.http.context import EXTENSION, container, now
from projections.config import metrics
from projections.records import api_keys
from projections.records.api_keys import Key

# Requests of providers are signed, and answered alike with and without /api/v1.
WEBHOOKS = "/api/v1/webhooks/"
# Paths that need no key unless a setting says so.
CLOSABLE: Mapping[str, Literal["metrics", "docs"]] = {
    "/metrics": "metrics",
    "/openapi.json": "docs",
    "/docs": "docs",
}
# Anybody may ask whether the process can work; a key may open more.
READY = "health.readyz"
# Where a page that asks the API within this process names the key that is signed in. No header of a
# request gets there.
SIGNED_IN = "sendtrail.signed_in"

log = structlog.get_logger()


def install(app: Flask) -> None:
    """Makes every request need what its route says. Sets ``g.key``. Answers 401 without a key and
    for a wrong one, 403 for a role that is too low, and 429 for a wrong key from an address that
    tried too many.

    The key is looked up first: a right one is let in, whatever others of its address tried. Where
    there is no key at all nothing was guessed, and nothing is counted."""

    @app.before_request
    def authenticate() -> None:
        g.key = None
        needed = _needed()
        if needed == "anybody":
            return
        if SIGNED_IN in request.environ:
            g.key = request.environ[SIGNED_IN]
        else:
            scheme, _, key = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not key.strip():
                _unauthorized("expected a header 'Authorization: Bearer <key>'")
            g.key = find(key.strip())
            if g.key is None:
                _unauthorized("no such key, or it was revoked")
        if not g.key.may(needed):
            enough = needed if needed == "admin" else f"{needed} or above"
            abort(403, message=f"expected a key of role {enough}; this is {g.key.role}")


def find(key: str) -> Key | None:
    """The record of a key. None for a wrong one, which is counted; 429 where this request's client
    tried too many."""
    with container().database.reading() as connection:
        found = api_keys.find(connection, key, now())
    if found is None:
        metrics.wrong_key()
        wrong_tries.count("key", "wrong keys")
        log.warning("audit.wrong_key", address=request.remote_addr)
    return found


def _needed() -> Access:
    """Who may send this request. Below ``/api/`` a handler that does not say it needs an admin, and
    what has no handler (404, 405, OPTIONS) needs a key of any role, so that nobody without one
    learns which paths there are; outside, neither shows anything about a person."""
    below_api = request.path.startswith("/api/") and not request.path.startswith(WEBHOOKS)
    for path, setting in CLOSABLE.items():
        if request.path == path or request.path.startswith(f"{path}/"):
            return _closable(setting)
    is_known = "Authorization" in request.headers or SIGNED_IN in request.environ
    if request.endpoint == READY and is_known:
        return _detail()
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.method == "OPTIONS":
        return "viewer" if below_api else "anybody"
    declared: Access = getattr(view, "needs", "admin" if below_api else "anybody")
    return declared


def _closable(setting: Literal["metrics", "docs"]) -> Access:
    """Who may see what a setting may close; 404 where it is off."""
    installed = current_app.extensions[EXTENSION]
    door = "open" if installed is None else getattr(installed.settings, setting)
    if door == "off":
        abort(404)
    return "anybody" if door == "open" else "viewer"


def _detail() -> Access:
    """Who may send a key to ``READY``: it is looked at only where it opens something."""
    installed = current_app.extensions[EXTENSION]
    return "viewer" if installed is not None and installed.settings.metrics == "key" else "anybody"


def _unauthorized(message: str) -> None:
    abort(401, message=message, headers={"WWW-Authenticate": "Bearer"})

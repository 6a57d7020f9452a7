"""Authentication and roles: ``Authorization: Bearer <key>``."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from flask import Flask, g, request
from flask_smorest import abort

from api.http import wrong_tries
from api.http.context import container, now
from projections.config import metrics
from projections.records import api_keys
from projections.records.api_keys import Role

log = structlog.get_logger()

# Paths that need no API key: they show nothing about a person, or, as webhooks, they are signed.
OPEN = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/api/v1/webhooks/")

# The role that a request needs, by its method; every other method needs an operator.
ROLES_BY_METHOD: Mapping[str, Role] = {
    "GET": "viewer",
    "HEAD": "viewer",
    "OPTIONS": "viewer",
    "DELETE": "admin",
}


def install(app: Flask) -> None:
    """Makes every request below ``/api/`` need a key whose role allows its method, but for those to
    the open paths. Sets ``g.key``. Answers 401 without a key and for a wrong one, 403 for a role
    that is too low, and 429 for a wrong key from an address that tried too many.

    The key is looked up first: a right one is let in, whatever others of its address tried. Where
    there is no key at all nothing was guessed, and nothing is counted."""

    @app.before_request
    def authenticate() -> None:
        g.key = None
        if request.path.startswith(OPEN) or not request.path.startswith("/api/"):
            return
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            _unauthorized("expected a header 'Authorization: Bearer <key>'")
        with container().database.transaction() as connection:
            g.key = api_keys.find(connection, key.strip(), now())
        if g.key is None:
            metrics.wrong_key()
            wrong_tries.count("key", "wrong keys")
            log.warning("audit.wrong_key", address=request.remote_addr)
            _unauthorized("no such key, or it was revoked")
        needed = ROLES_BY_METHOD.get(request.method, "operator")
        if not g.key.may(needed):
            abort(403, message=f"expected a key of role {needed} or above; this is {g.key.role}")


def _unauthorized(message: str) -> None:
    abort(401, message=message, headers={"WWW-Authenticate": "Bearer"})

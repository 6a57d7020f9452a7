"""Authentication and roles: ``Authorization: Bearer <key>``."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from time import monotonic
from typing import Literal

from flask import Flask, current_app, g, request
from flask_smorest import abort

from api.http.context import EXTENSION as CONTAINER
from api.http.context import container, now
from projections.config.settings import Door
from projections.records import api_keys
from projections.records.api_keys import Role

# Paths that need no API key: they show nothing about a person, or, as webhooks, they are signed.
OPEN = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/api/v1/webhooks/")
# Those of them that a setting may close.
CLOSABLE: Mapping[str, Literal["metrics", "docs"]] = {
    "/metrics": "metrics",
    "/openapi.json": "docs",
    "/docs": "docs",
}

# After so many wrong keys from one address within a minute, the address has to wait.
WRONG_KEYS = 20
WITHIN_SECONDS = 60.0

# Where an application keeps its WrongKeys.
EXTENSION = "sendtrail_wrong_keys"

# The role that a request needs, by its method; every other method needs an operator.
ROLES_BY_METHOD: Mapping[str, Role] = {
    "GET": "viewer",
    "HEAD": "viewer",
    "OPTIONS": "viewer",
    "DELETE": "admin",
}


class WrongKeys:
    """Counts wrong keys per address, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried_at: dict[str, deque[float]] = defaultdict(deque)

    def seconds_to_wait(self, address: str) -> float:
        """How long the address has to wait; 0 if it may try now."""
        with self._lock:
            tried_at = self._tried_at.get(address)
            if tried_at is None:
                return 0.0
            while tried_at and tried_at[0] < monotonic() - WITHIN_SECONDS:
                tried_at.popleft()
            if not tried_at:
                del self._tried_at[address]
            if len(tried_at) < WRONG_KEYS:
                return 0.0
            return tried_at[0] + WITHIN_SECONDS - monotonic()

    def add(self, address: str) -> None:
        """Counts one wrong key from the address."""
        with self._lock:
            self._tried_at[address].append(monotonic())


def install(app: Flask) -> None:
    """Makes every request below ``/api/`` need a key whose role allows its method, but for those to
    the open paths. Sets ``g.key``. Answers 401 for a wrong key, 403 for a role that is too low and
    429 for an address with too many wrong keys."""
    app.extensions[EXTENSION] = WrongKeys()

    @app.before_request
    def authenticate() -> None:
        wrong_keys: WrongKeys = current_app.extensions[EXTENSION]
        g.key = None
        match _door(request.path):
            case "open":
                return
            case "off":
                abort(404)
        address = request.remote_addr or "?"
        if (seconds := wrong_keys.seconds_to_wait(address)) > 0:
            abort(
                429,
                message="too many wrong keys; wait",
                headers={"Retry-After": str(int(seconds) + 1)},
            )
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            _unauthorized("expected a header 'Authorization: Bearer <key>'")
        with container().database.transaction() as connection:
            g.key = api_keys.find(connection, key.strip(), now())
        if g.key is None:
            wrong_keys.add(address)
            _unauthorized("no such key, or it was revoked")
        needed = ROLES_BY_METHOD.get(request.method, "operator")
        if not g.key.may(needed):
            abort(403, message=f"expected a key of role {needed} or above; this is {g.key.role}")


def _door(path: str) -> Door:
    """Who may ask for that path."""
    for closable, setting in CLOSABLE.items():
        if path == closable or path.startswith(f"{closable}/"):
            installed = current_app.extensions[CONTAINER]
            return "open" if installed is None else getattr(installed.settings, setting)
    return "open" if path.startswith(OPEN) or not path.startswith("/api/") else "key"


def _unauthorized(message: str) -> None:
    abort(401, message=message, headers={"WWW-Authenticate": "Bearer"})

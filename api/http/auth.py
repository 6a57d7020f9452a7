"""Authentication and roles: ``Authorization: Bearer <key>``."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from time import monotonic

from flask import Flask, current_app, g, request
from flask_smorest import abort

from api.http.blueprints import Access
from api.http.context import container, now
from projections.records import api_keys

# Requests of providers are signed, and answered alike with and without /api/v1.
WEBHOOKS = "/api/v1/webhooks/"

# After so many wrong keys from one address within a minute, the address has to wait.
WRONG_KEYS = 20
WITHIN_SECONDS = 60.0

# Where an application keeps its WrongKeys.
EXTENSION = "sendtrail_wrong_keys"


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
    """Makes every request need what its route says. Sets ``g.key``. Answers 401 for a wrong key,
    403 for a role that is too low and 429 for an address with too many wrong keys."""
    app.extensions[EXTENSION] = WrongKeys()

    @app.before_request
    def authenticate() -> None:
        wrong_keys: WrongKeys = current_app.extensions[EXTENSION]
        g.key = None
        needed = _needed()
        if needed == "anybody":
            return
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
        if not g.key.may(needed):
            enough = needed if needed == "admin" else f"{needed} or above"
            abort(403, message=f"expected a key of role {enough}; this is {g.key.role}")


def _needed() -> Access:
    """Who may send this request. Below ``/api/`` a handler that does not say it needs an admin, and
    what has no handler (404, 405, OPTIONS) needs a key of any role, so that nobody without one
    learns which paths there are; outside, neither shows anything about a person."""
    below_api = request.path.startswith("/api/") and not request.path.startswith(WEBHOOKS)
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.method == "OPTIONS":
        return "viewer" if below_api else "anybody"
    declared: Access = getattr(view, "needs", "admin" if below_api else "anybody")
    return declared


def _unauthorized(message: str) -> None:
    abort(401, message=message, headers={"WWW-Authenticate": "Bearer"})

"""Who asks, and whether they may: ``Authorization: Bearer <key>``."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from time import monotonic

from flask import Flask, g, request
from flask_smorest import abort

from api.http.context import container
from projections.records import api_keys
from projections.records.api_keys import Role

# No key is asked for what says nothing about anybody.
OPEN = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/api/v1/webhooks/")

# From one address: this many wrong keys within a minute, then it has to wait.
WRONG_KEYS = 20
WITHIN_SECONDS = 60.0


class Failures:
    """Counts wrong keys per address, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: dict[str, deque[float]] = defaultdict(deque)

    def wait(self, address: str) -> float:
        """Seconds that the address has to wait; 0 if it may try."""
        with self._lock:
            at = self._at.get(address)
            if at is None:
                return 0.0
            while at and at[0] < monotonic() - WITHIN_SECONDS:
                at.popleft()
            if not at:
                del self._at[address]
            return 0.0 if len(at) < WRONG_KEYS else at[0] + WITHIN_SECONDS - monotonic()

    def add(self, address: str) -> None:
        with self._lock:
            self._at[address].append(monotonic())


# What a request needs by its method; every other needs an operator.
NEEDED: Mapping[str, Role] = {
    "GET": "viewer",
    "HEAD": "viewer",
    "OPTIONS": "viewer",
    "DELETE": "admin",
}


def install(app: Flask) -> None:
    """Every request but the open ones needs a key whose role allows it."""
    failures = Failures()

    @app.before_request
    def authenticate() -> None:
        g.key = None
        if request.path.startswith(OPEN) or not request.path.startswith("/api/"):
            return
        address = request.remote_addr or "?"
        if (seconds := failures.wait(address)) > 0:
            abort(
                429,
                message="too many wrong keys; wait",
                headers={"Retry-After": str(int(seconds) + 1)},
            )
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            _unauthorized("expected a header 'Authorization: Bearer <key>'")
        with container().database.transaction() as connection:
            g.key = api_keys.find(connection, key.strip(), container().outreach.clock())
        if g.key is None:
            failures.add(address)
            _unauthorized("no such key, or it was revoked")
        needed = NEEDED.get(request.method, "operator")
        if not g.key.may(needed):
            abort(403, message=f"expected a key of role {needed} or above; this is {g.key.role}")


def _unauthorized(message: str) -> None:
    abort(401, message=message, headers={"WWW-Authenticate": "Bearer"})

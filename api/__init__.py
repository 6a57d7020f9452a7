"""The HTTP door: takes commands, gives reports and the audit trail."""

from __future__ import annotations

from flask import Flask


def create_app() -> Flask:
    """The application. ``GET /healthz`` answers as soon as the process does."""
    app = Flask("sendtrail")

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app

"""/healthz and /readyz: is the process there, and can it work?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from sqlalchemy.exc import SQLAlchemyError

from api.http.context import EXTENSION
from projections.queries.log_position import log_position

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """200 if the database answers and has the log, else 503. ``events`` is the end of the log,
    ``lag`` the number of events by which each asynchronous reader of the log is behind."""
    container = current_app.extensions[EXTENSION]
    if container is None:
        return {"status": "no database"}, 503
    try:
        with container.database.transaction() as connection:
            position = log_position(connection)
    except SQLAlchemyError:
        return {"status": "the database does not answer"}, 503
    return {"status": "ready", "events": position.last, "lag": position.lag}, 200

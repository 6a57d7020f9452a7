"""Is the process there, can it work, and how much is there to do?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from api.http.context import EXTENSION
from api.resources.metrics import CONTENT_TYPE, exposition
from projections.database.engine import rows

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """The database answers and the event store is there; asynchronous readers of the log are so
    many events behind."""
    container = current_app.extensions[EXTENSION]
    if container is None:
        return {"status": "no database"}, 503
    try:
        with container.database.transaction() as connection:
            last = rows(connection, "SELECT coalesce(max(notification_id), 0) FROM stored_events")[
                0
            ][0]
            lag = {
                row[0]: last - row[1]
                for row in rows(
                    connection, "SELECT application_name, notification_id FROM tracking"
                )
            }
    except SQLAlchemyError:
        return {"status": "the database does not answer"}, 503
    return {"status": "ready", "events": last, "lag": lag}, 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """For Prometheus."""
    container = current_app.extensions[EXTENSION]
    return Response(exposition(container), content_type=CONTENT_TYPE)

"""/healthz and /readyz: is the process there, and can it work?"""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import Any

from flask import Blueprint, Flask, current_app, g
from sqlalchemy.exc import SQLAlchemyError

from api.http.context import EXTENSION
from domain.waiting import Reason
from projections.container import Container
from projections.eventstore import missing_keys
from projections.queries import operations, short_secrets, waiting_summary
from projections.queries.log_position import log_position
from projections.queries.operations import ProcessStatus

# Where an application keeps its Warnings.
WARNINGS = "sendtrail_warnings"
# The share of the time that may go into finding warnings. Anybody may ask without a key, and
# among a million leads it takes a second.
SHARE = 0.05
# How long an incident is warned of.
RECENT = timedelta(days=1)

blueprint = Blueprint("health", __name__)


class Warnings:
    """What a person should know though the process can work, as this process found it last.
    ``waiting`` counts pending messages by what they wait for."""

    def __init__(self) -> None:
        self.waiting: dict[Reason, int] = {}
        self._lock = Lock()
        self._found: list[str] = []
        self._stale_at = 0.0

    def present(self, container: Container) -> list[str]:
        """One line for each warning. Looks anew unless that took more than ``SHARE`` of the time
        lately, or another request is looking; then it gives what was found last."""
        if not self._lock.acquire(blocking=False):
            return self._found
        try:
            begun = monotonic()
            if begun >= self._stale_at:
                self._found, self.waiting = _look(container)
                ended = monotonic()
                self._stale_at = ended + (ended - begun) * (1 / SHARE - 1)
            return self._found
        finally:
            self._lock.release()


def _look(container: Container) -> tuple[list[str], dict[Reason, int]]:
    """The warnings, and how many messages wait for what. Anybody may see it: no name is in it."""
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        found = operations.operations(connection, now)
        keyless = missing_keys.by_read_model(connection)
        pending = waiting_summary.summary(connection, container.settings, now)
        short = short_secrets.of_devices(connection, container.secrets)
    lines = operations.lines(found, now - RECENT)
    if keyless:
        lines.append(missing_keys.warning(keyless))
    if short:
        lines.append(short_secrets.warning(short))
    return lines, pending.by_reason


def _runners(process: ProcessStatus) -> dict[str, Any]:
    failing = {
        name: {"failures": state.failures, "error": state.error}
        for name, state in process.failing.items()
    }
    return {
        "process": process.process,
        "runners": process.runners,
        "alive": process.alive,
        "seen_at": process.seen_at.isoformat(),
        "failing": failing,
    }


def install(app: Flask) -> None:
    """Gives the application its Warnings."""
    app.extensions[WARNINGS] = Warnings()


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """200 if the database answers and has the log, else 503. ``events`` is the end of the log,
    ``lag`` the number of events by which each asynchronous reader of the log is behind.
    ``runners`` says which processes run runners, and what fails in them. ``waiting`` counts pending
    messages by what they wait for. ``warnings`` are lines about what is wrong though the process
    can work. Where the setting ``metrics`` is "key", whoever sends none sees nothing beside
    ``status``; where it is "off", nobody does."""
    container = current_app.extensions[EXTENSION]
    if container is None:
        return {"status": "no database"}, 503
    try:
        with container.database.transaction() as connection:
            position = log_position(connection)
            if container.settings.metrics != "open" and g.key is None:
                return {"status": "ready"}, 200
            processes = operations.processes(connection, container.outreach.clock())
        seen = current_app.extensions[WARNINGS]
        warnings = seen.present(container)
    except SQLAlchemyError:
        return {"status": "the database does not answer"}, 503
    return {
        "status": "ready",
        "events": position.last,
        "lag": position.lag,
        "runners": [_runners(process) for process in processes],
        "waiting": seen.waiting,
        "warnings": warnings,
    }, 200

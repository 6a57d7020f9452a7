"""Given: runner processes that said how they fare, and what was put aside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from projections.container import Container
from projections.records import incidents, quarantine, runner_processes
from projections.records.quarantine import Aside, Kind
from runners.support.health import Health


def quarantined(
    container: Container,
    kind: Kind,
    id_: UUID | str,
    *,
    event: int = 0,
    lost: bool = False,
    reason: str = "a field is missing",
) -> None:
    """It was put aside now; ``lost`` makes it a dispatch that the log lacks."""
    aside = Aside(
        kind=kind,
        id=UUID(str(id_)),
        runner="enroller",
        reason=reason,
        notification_id=event,
        dispatched={"queued": {}, "outcome": None} if lost else None,
    )
    with container.database.transaction() as connection:
        quarantine.put(connection, [aside], container.outreach.clock())


def process(
    container: Container,
    name: str,
    *runners: str,
    working: tuple[str, ...] = (),
    failing: dict[str, list[Exception]] | None = None,
) -> None:
    """A process of that name says now that it runs ``runners``: which of them have worked, and with
    which errors in a row others have failed."""
    now = container.outreach.clock()
    health = Health(runners, container.outreach.clock)
    for each in working:
        health.worked(each)
    for each, errors in (failing or {}).items():
        for error in errors:
            health.failed(each, error)
    with container.database.transaction() as connection:
        runner_processes.beat(
            connection, name, runners, now, now, msgspec.to_builtins(health.states)
        )


def incident(container: Container, kind: str, who: str, **detail: Any) -> None:
    """The process ``who`` noticed it now."""
    with container.database.transaction() as connection:
        incidents.report(connection, kind, who, detail, container.outreach.clock())

"""Which device a command is about."""

from __future__ import annotations

from typing import Any

from domain import marks
from domain.errors import InvalidInputError, NotFoundError
from projections.container import Container
from projections.readmodels import devices


def find(container: Container, name: str) -> Any:
    """The row of the device in service of that name or id. Raises NotFoundError where there is
    none, InvalidInputError where there are several."""
    with container.database.transaction() as connection:
        rows = devices.in_service(connection)
    named = marks.composed(name)
    matches = [row for row in rows if marks.composed(row.name) == named]
    # A name goes first: it may look like the id of another device.
    matches = matches or [row for row in rows if str(row.device_id) == name.lower()]
    if not matches:
        raise NotFoundError("device in service", name)
    if len(matches) > 1:
        ids = ", ".join(str(row.device_id) for row in matches)
        raise InvalidInputError(
            "name",
            f"a name that only one device in service has, or one of the ids of these: {ids}",
        )
    return matches[0]

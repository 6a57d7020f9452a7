"""Erasures that outlive the database: which there were, and repeating them after a restore."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.application.outreach import Outreach
from domain.errors import InvalidInputError, NotFoundError
from projections.database.engine import Database, rows


class Repeated(NamedTuple):
    """What became of the erasures of a list: ``erased`` now, erased already, and of people whom the
    database does not know."""

    erased: int = 0
    already: int = 0
    unknown: int = 0


def erased_leads(database: Database) -> list[UUID]:
    """The ids of all leads that were erased, in the order of the log."""
    with database.transaction() as connection:
        found = rows(
            connection,
            "SELECT originator_id FROM stored_events WHERE topic = 'lead.erased'"
            " ORDER BY notification_id",
        )
    return [row.originator_id for row in found]


def parse(text: str, name: str) -> list[UUID]:
    """The ids in ``text``: one a line, as they are or as JSON with ``lead_id``; blank lines pass.

    Raises InvalidInputError with ``name`` and the number of the first line that is neither.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                found.append(_id(line.strip()))
            except (ValueError, KeyError, TypeError):
                expected = f'in line {number} the id of a lead, or JSON such as {{"lead_id": "…"}}'
                raise InvalidInputError(name, expected) from None
    return found


def _id(line: str) -> UUID:
    if line.startswith("{"):
        return UUID(str(msgspec.json.decode(line)["lead_id"]))
    return UUID(line)


def repeat(
    outreach: Outreach,
    database: Database,
    lead_ids: Iterable[UUID],
    actor: str,
    progress: Callable[[int], None] = lambda done: None,
) -> Repeated:
    """Erase each of these leads that is there and is not erased; ``progress`` counts them all."""
    before = set(erased_leads(database))
    erased = already = unknown = 0
    for done, lead_id in enumerate(dict.fromkeys(lead_ids), start=1):
        if lead_id in before:
            already += 1
        else:
            try:
                outreach.erase_lead(lead_id, actor=actor)
                erased += 1
            except NotFoundError:
                unknown += 1
        progress(done)
    return Repeated(erased, already, unknown)

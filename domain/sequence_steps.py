"""How a step of a sequence is written, and what its content is called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from domain import content, values
from domain.branches.table import Branch
from domain.errors import InvalidInputError
from domain.planning import Step


def content_id(sequence_id: UUID, version: int, number: int) -> str:
    """The name of a step's content: the sequence, the version of the event that holds the content,
    and the step's number, from 1."""
    return f"{sequence_id}:{version}:{number}"


def step(
    sequence_id: UUID,
    version: int,
    number: int,
    *,
    delay_hours: float = 24.0,
    send_at: str | None = None,
    branches: Iterable[Branch] = (),
    present: Step | None = None,
    place: str | None = None,
    **fields: Any,
) -> Step:
    """A checked step whose content the event at ``version`` will hold; ``fields`` are those of
    ``Content`` but for its id. It replaces ``present`` if there is one. Its branches name other
    steps: ``branches.fates.check`` checks them. Errors have ``place`` before the name of the field:
    that of the step in a list of all, unless it is given."""
    prefix = f"steps[{number}]." if place is None else place
    new = Step(
        content_id=content_id(sequence_id, version, number),
        delay_hours=float(delay_hours),
        send_at=send_at,
        branches=tuple(branches),
        **fields,
    )
    new = content.checked(new, prefix, present)
    if not 0 <= delay_hours <= 24 * 366:
        raise InvalidInputError(f"{prefix}delay_hours", "hours between 0 and 8784")
    if send_at is not None:
        values.time_of_day(send_at, f"{prefix}send_at")
    return new

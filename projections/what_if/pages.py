"""An answer in pages: so many people at a time, in the order of leads."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple
from uuid import UUID

from projections.queries.pages import decode_cursor, encode_cursor
from projections.what_if.answer import Answer, LeftOut, Recipient


class Page(NamedTuple):
    """What an answer says of some people, and the cursor of the next ones, None on the last
    page."""

    recipients: list[Recipient]
    left_out: list[LeftOut]
    next_cursor: str | None


def page(answer: Answer, limit: int, cursor: str | None = None) -> Page:
    """What the answer says of up to ``limit`` people after ``cursor``. A person is whole on one
    page. Raises InvalidInputError for a bad cursor."""
    people = sorted(
        {each.lead_id for each in answer.recipients} | {each.lead_id for each in answer.left_out}
    )
    first = 0 if cursor is None else bisect_right(people, decode_cursor(cursor))
    shown = people[first : first + limit]
    wanted: set[UUID] = set(shown)
    more = first + limit < len(people)
    return Page(
        [each for each in answer.recipients if each.lead_id in wanted],
        [each for each in answer.left_out if each.lead_id in wanted],
        encode_cursor(shown[-1]) if more else None,
    )

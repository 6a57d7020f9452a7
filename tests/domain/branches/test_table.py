"""Which branch of a table is taken, and from when on what follows counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.branches import table
from domain.branches.table import Branch, Seen, When
from domain.errors import InvalidInputError
from tests.support.samples import NOW

HOUR = timedelta(hours=1)


def branch(when: When, hours: float, then: int | None = None) -> Branch:
    return Branch(when=when, within_hours=hours, then=then)


def taken(after: float, *branches: Branch, **happened: float) -> tuple[int, float] | None:
    """The branch that is taken, and since when that counts, so many hours ``after`` the step was
    sent; ``happened`` says how many hours after it what happened."""
    seen = Seen(NOW, True, **{name: NOW + hours * HOUR for name, hours in happened.items()})
    found = table.decide(1, branches, seen, NOW + after * HOUR)
    return None if found is None else (found.branch, (found.at - NOW) / HOUR)


REPLIED, SILENT = branch("replied", 48, 2), branch("not_replied", 48, 3)
UNREAD, READ = branch("not_read", 24, 2), branch("read", 24, 3)


@pytest.mark.parametrize(
    ("branches", "after", "happened", "expected"),
    [
        ((REPLIED, SILENT), 3, {"replied_at": 2}, (1, 2)),
        ((REPLIED, SILENT), 47.9, {}, None),
        ((REPLIED, SILENT), 48, {}, (2, 48)),
        ((REPLIED, SILENT), 100, {"replied_at": 49}, (2, 48)),
        ((REPLIED,), 48, {}, (0, 48)),
        ((SILENT,), 3, {"replied_at": 2}, (0, 2)),
        # Who replied has read it, and who read it has received it.
        ((READ,), 3, {"replied_at": 2}, (1, 2)),
        ((branch("not_delivered", 1, 2),), 1, {"read_at": 0.5}, (0, 0.5)),
        ((branch("not_delivered", 1, 2),), 1, {}, (1, 1)),
        ((branch("delivered", 1, 2),), 1, {"delivered_at": 0.25}, (1, 0.25)),
        # The first is asked first: it may hold until its time is over.
        ((UNREAD, REPLIED), 23, {}, None),
        ((UNREAD, REPLIED), 24, {}, (1, 24)),
        ((UNREAD, REPLIED), 23, {"read_at": 5}, None),
        ((UNREAD, REPLIED), 23, {"read_at": 5, "replied_at": 20}, (2, 20)),
        ((UNREAD, REPLIED), 48, {"read_at": 5}, (0, 48)),
    ],
)
def test_the_first_branch_that_holds_is_taken(
    branches: tuple[Branch, ...], after: float, happened: dict[str, float], expected: Any
) -> None:
    assert taken(after, *branches, **happened) == expected


@pytest.mark.parametrize(
    ("when", "expected"), [("not_delivered", 1), ("not_replied", 1), ("read", 0), ("replied", 0)]
)
def test_nobody_waits_for_an_answer_to_what_was_not_sent(when: When, expected: int) -> None:
    found = table.decide(1, [branch(when, 48, 2)], Seen(NOW, False), NOW)

    assert found is not None
    assert (found.branch, found.at) == (expected, NOW)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (branch("replied", 0, 2), "b[1].within_hours"),
        (branch("replied", 8785, 2), "b[1].within_hours"),
        (branch("replied", 1, 1), "b[1].then"),
        (Branch(when="answered", within_hours=1), "b[1].when"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_branch_is_named(wrong: Branch, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        table.check("b", [wrong], [2, 3])

    assert refused.value.field == field


def test_there_are_not_many_and_none_after_the_last_step() -> None:
    with pytest.raises(InvalidInputError, match="at most 10"):
        table.check("b", [SILENT] * 11, [2, 3])
    with pytest.raises(InvalidInputError, match="no step comes after"):
        table.check("b", [branch("replied", 1)], [])

"""Which steps of a sequence that branches a person gets, by what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

from domain.branches import table
from domain.branches.table import Seen, Taken
from domain.errors import InvalidInputError
from domain.planning import Step

_START = datetime(2000, 1, 1, tzinfo=UTC)

Fate = Literal["goes", "open", "not_taken"]


def branching(steps: Iterable[Step]) -> bool:
    """Whether any of the steps has branches."""
    return any(step.branches for step in steps)


def decided_by(steps: Iterable[Step]) -> dict[int, int]:
    """By the number of each step, that of the nearest one before it that has branches, 0 where none
    has."""
    found: dict[int, int] = {}
    last = 0
    for step in steps:
        found[step.number] = last
        if step.branches:
            last = step.number
    return found


def fates(steps: Sequence[Step], decided: Iterable[Taken]) -> dict[int, Fate]:
    """What is known of every step, by number, after what was ``decided``.

    A step that a branch names goes only where that branch is taken. What lies between a branch's
    step and the one that it leads to does not go. So never two branches of one table do.
    """
    taken = {each.step: each for each in decided}
    named = {branch.then for step in steps for branch in step.branches}
    found: dict[int, Fate] = {}
    target: int | None = None
    chosen: set[int] = set()
    is_open = ended = False
    for step in steps:
        if ended or target not in (None, step.number):
            found[step.number] = "not_taken"
            continue
        target = None
        if is_open:
            found[step.number] = "open"
            continue
        if step.number in named and step.number not in chosen:
            found[step.number] = "not_taken"
            continue
        found[step.number] = "goes"
        if not step.branches:
            continue
        decision = taken.get(step.number)
        if decision is None:
            is_open = True
        elif decision.ends:
            ended = True
        elif decision.then is not None:
            target = decision.then
            chosen.add(target)
    return found


def undecided(steps: Sequence[Step], decided: Sequence[Taken]) -> Step | None:
    """The step whose branches are to be decided next; None if there is none."""
    known = {each.step for each in decided}
    fate = fates(steps, decided)
    reached = (step for step in steps if step.branches and fate[step.number] == "goes")
    return next((step for step in reached if step.number not in known), None)


def without_answers(steps: Sequence[Step]) -> list[Step]:
    """The steps that a person gets who receives every message and neither reads nor answers one."""
    decided: list[Taken] = []
    while (step := undecided(steps, decided)) is not None:
        sent = Seen(_START, True, delivered_at=_START)
        over = _START + table.longest(step.branches)
        decided.extend(filter(None, [table.decide(step.number, step.branches, sent, over)]))
    fate = fates(steps, decided)
    return [step for step in steps if fate[step.number] == "goes"]


def check(steps: Sequence[Step], *, stop_on_reply: bool, alone: int | None = None) -> None:
    """Raises InvalidInputError naming the field of a branch that is wrong: of the step of the
    number ``alone`` as of one that was given by itself."""
    numbers = [step.number for step in steps]
    for place, step in enumerate(steps):
        field = "branches" if step.number == alone else f"steps[{step.number}].branches"
        table.check(field, step.branches, numbers[place + 1 :])
        for row, branch in enumerate(step.branches, start=1):
            if branch.when == "replied" and stop_on_reply:
                raise InvalidInputError(
                    f"{field}[{row}].when",
                    "another, or a sequence with stop_on_reply false: a reply stops this one",
                )

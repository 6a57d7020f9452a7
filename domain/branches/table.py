"""Branches: what a sequence does after a step, by what the person did.

A step has a table of branches, tried in their order. The first that holds is taken: the sequence
goes on with the step that it names, or ends. Where none holds it goes on with the next step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

import msgspec

from domain.errors import InvalidInputError

When = Literal["replied", "not_replied", "read", "not_read", "delivered", "not_delivered"]
WHEN: tuple[When, ...] = get_args(When)
# How many branches a step may have.
MOST = 10
# A second: what is shorter is over before anybody can know.
SHORTEST_HOURS = 1 / 3600
LONGEST_HOURS = 24 * 366


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: if within ``within_hours`` of the step's being sent the person did, or
    did not do, what ``when`` says, the step of the number ``then`` comes next. None ends the
    sequence for that person."""

    when: When
    within_hours: float
    then: int | None = None

    @property
    def what(self) -> str:
        """What the person did, or did not do: ``replied``, ``read`` or ``delivered``."""
        return self.when.removeprefix("not_")

    @property
    def within(self) -> timedelta:
        """How long the branch looks."""
        return timedelta(hours=self.within_hours)


class Seen(NamedTuple):
    """What became of a step: ``at`` is when it was sent, or ended without being sent. The others
    say when it was delivered and read, and when the person replied first after it; None for what
    did not happen."""

    at: datetime
    was_sent: bool
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    replied_at: datetime | None = None

    def happened(self, what: str) -> datetime | None:
        """When the step was surely delivered, read or answered. Who replies has read it."""
        instants = [self.replied_at]
        if what != "replied":
            instants.append(self.read_at)
        if what == "delivered":
            instants.append(self.delivered_at)
        return min((at for at in instants if at is not None), default=None)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided after the step of the number ``step``: ``branch``, from 1, of its table is
    taken, 0 where none of them holds. ``then`` is the step that comes next; None with a branch ends
    the sequence. ``at`` is the instant from which what follows counts: of what the person did, or
    of the end of the wait for it."""

    step: int
    branch: int
    then: int | None
    at: datetime

    @property
    def ends(self) -> bool:
        """Whether nothing follows."""
        return self.branch > 0 and self.then is None


def decide(step: int, table: Sequence[Branch], seen: Seen, now: datetime) -> Taken | None:
    """Which branch of the step's ``table`` is taken; None while that is open.

    A branch is asked when all before it surely do not hold. A step that was not sent was neither
    delivered nor read nor answered, and nobody waits for that.
    """
    at = seen.at
    for number, branch in enumerate(table, start=1):
        found = _judged(branch, seen, now)
        if found is None:
            return None
        holds, known_at = found
        at = max(at, known_at)
        if holds:
            return Taken(step=step, branch=number, then=branch.then, at=at)
    return Taken(step=step, branch=0, then=None, at=at)


def longest(table: Iterable[Branch]) -> timedelta:
    """How long it may take until one of these is taken; nothing for an empty table."""
    return max((branch.within for branch in table), default=timedelta())


def check(field: str, table: Sequence[Branch], later: Iterable[int]) -> None:
    """Raises InvalidInputError, which names a part of ``field``, unless every branch names one of
    the ``later`` steps, or the end."""
    numbers = list(later)
    if len(table) > MOST:
        raise InvalidInputError(field, f"at most {MOST} branches")
    if table and not numbers:
        raise InvalidInputError(field, "none, because no step comes after this one")
    for place, branch in enumerate(table, start=1):
        name = f"{field}[{place}]"
        if branch.when not in WHEN:
            raise InvalidInputError(f"{name}.when", "one of " + ", ".join(WHEN))
        if not SHORTEST_HOURS <= branch.within_hours <= LONGEST_HOURS:
            raise InvalidInputError(f"{name}.within_hours", "hours from a second (1/3600) to 8784")
        if branch.then is not None and branch.then not in numbers:
            expected = ", ".join(map(str, numbers))
            raise InvalidInputError(
                f"{name}.then", f"the number of a later step ({expected}), or null for the end"
            )


def _judged(branch: Branch, seen: Seen, now: datetime) -> tuple[bool, datetime] | None:
    """Whether the branch holds, and since when that is known; None while it may or may not."""
    negated = branch.when.startswith("not_")
    if not seen.was_sent:
        return negated, seen.at
    deadline = seen.at + branch.within
    happened_at = seen.happened(branch.what)
    if happened_at is not None and happened_at <= deadline:
        return not negated, max(happened_at, seen.at)
    if now < deadline:
        return None
    return negated, deadline

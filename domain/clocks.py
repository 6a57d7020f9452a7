"""How far the clocks of processes may be apart.

Every process has a clock of its own. The database's is the one that all are compared with.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

# A difference from the database's clock that is worth a warning.
NOTICED = timedelta(seconds=2)
# With a greater one a process neither claims nor dispatches.
TOLERATED = timedelta(seconds=60)
# How far two processes that work may be apart: one is ahead of the database, the other behind it.
APART = 2 * TOLERATED

Verdict = Literal["right", "differs", "wrong"]


class Comparison(NamedTuple):
    """What the database's clock said (``database``) in answer to a question that left when the
    process's clock said ``before``, and was answered at ``after``."""

    before: datetime
    database: datetime
    after: datetime

    @property
    def difference(self) -> timedelta:
        """How far the process is ahead of the database, negative where it is behind. It is taken in
        the middle between question and answer."""
        return self.before + (self.after - self.before) / 2 - self.database


def judge(compared: Comparison) -> Verdict:
    """Whether the process's clock is right, differs noticeably, or is too wrong to work by.

    Half of the time that the answer took may be a difference that there is not: it is taken off.
    """
    unsure = abs(compared.after - compared.before) / 2
    difference = abs(compared.difference) - unsure
    if difference > TOLERATED:
        return "wrong"
    return "differs" if difference > NOTICED else "right"

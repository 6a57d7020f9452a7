"""What the database's clock says, beside this process's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from domain.clocks import Comparison
from projections.database.engine import Database, rows

# The only place where SQL asks what time it is: here the database's clock is the question.
_ASK = "SELECT clock_timestamp()"


def compare(database: Database, clock: Callable[[], datetime]) -> Comparison:
    """Asks the database for its instant, in one round trip between two looks at ``clock``."""
    with database.transaction() as connection:
        # The first question begins the transaction, which is a round trip of its own.
        rows(connection, _ASK)
        before = clock()
        (row,) = rows(connection, _ASK)
        return Comparison(before, row[0], clock())

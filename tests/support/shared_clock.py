"""A clock that stands still until a test moves it, also in the processes that the test starts.

It is a file that each process reads. A process whose environment names the file takes it for the
clock of the machine and of the database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from domain.clocks import Comparison
from projections import container
from projections.queries import database_clock
from runners.support import clocks

# The variable of the environment with the path of the file.
VARIABLE = "TESTS_SHARED_CLOCK"


class SharedClock:
    """``path`` is the file. It has an instant after it was moved for the first time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> datetime:
        return datetime.fromisoformat(self.path.read_text())

    def move_to(self, instant: datetime) -> None:
        """It is ``instant``, aware, for all who look. Nobody sees half of it."""
        written = self.path.with_suffix(".new")
        written.write_text(instant.astimezone(UTC).isoformat())
        written.replace(self.path)

    def advance(self, **delta: float) -> None:
        """Moves it by a ``timedelta`` of these arguments."""
        self.move_to(self() + timedelta(**delta))


def install(path: str) -> None:
    """Makes it the clock of this process, for good."""
    clock = SharedClock(Path(path))

    class Moved(datetime):
        """``datetime`` where the system's clock is asked for."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock().astimezone(tz)

    for module in (container, clocks):
        module.datetime = Moved  # type: ignore[attr-defined]
    database_clock.compare = lambda database, asked: Comparison(asked(), asked(), asked())

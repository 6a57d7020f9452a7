"""Follows the log of a server: it is in the backup a moment after it was written."""

from __future__ import annotations

import tempfile
from threading import Event
from time import monotonic
from typing import IO

from sqlalchemy.exc import OperationalError

from projections.database import postgres_tools, replication
from projections.database.backup import Backup, is_due
from projections.database.backup_manifest import Series

# Seconds between two marks, and that a mark may take to arrive.
MARK_EVERY = 5.0
# The same for the last one, when the follower is told to stop.
LAST_MARK = 30.0
_LOOK = 0.05


class Follower:
    """Follows the log for ``backup``; after each base backup the newest ``keep`` stay, if given."""

    def __init__(self, backup: Backup, keep: int | None = None) -> None:
        self.backup, self.keep = backup, keep
        self.series: Series = backup.series()
        # Whether anything came since the receiver was started.
        self.received = False

    def run(self) -> None:
        """Fetch the log as it is written until the backup's ``stop`` is set.

        Marks say every few seconds how far it has come. A base backup is made when it is due. A
        server that is away is waited for. Raises StorageError if the log is interrupted.
        """
        with tempfile.TemporaryFile() as log:
            process = self._start(log)
            try:
                self.backup.report("following; stop it with SIGTERM or Ctrl-C")
                while not self.backup.stop.wait(MARK_EVERY):
                    try:
                        if process.poll() is not None:
                            process = self._restart(process, log)
                        self._once()
                    except OperationalError:
                        continue  # the server is away
                self._last_mark()
            finally:
                postgres_tools.end(process)

    def _start(self, log: IO[bytes]) -> postgres_tools.Process:
        self.received = False
        command = self.backup.receiver(self.series)
        return postgres_tools.start(command, self.backup.environment, log)

    def _restart(self, ended: postgres_tools.Process, log: IO[bytes]) -> postgres_tools.Process:
        """A new receiver, if the server is there again. One that received nothing is no outage, and
        neither is a server that did not keep its log: both raise StorageError."""
        kept = replication.has_slot(self.backup.database, self.backup.manifest.slot)
        if not self.received or not kept:
            raise postgres_tools.failure(log, ended.returncode)
        return self._start(log)

    def _once(self) -> None:
        """Note how far the log has come, and make a base backup if it is time."""
        mark = replication.mark(self.backup.database)
        if self._arrives(mark, MARK_EVERY, self.backup.stop):
            self.backup.note(self.series, mark)
        if is_due(self.series, mark.at):
            self.backup.make_base(self.series)
            if self.keep is not None:
                self.backup.keep(self.keep)

    def _last_mark(self) -> None:
        """Note what was committed until the end, so that it can be restored."""
        try:
            mark = replication.mark(self.backup.database)
            if self._arrives(mark, LAST_MARK, Event()):
                self.backup.note(self.series, mark)
                self.backup.report(f"archived until {mark.at.isoformat()}")
        except OperationalError:
            return

    def _arrives(self, mark: replication.Mark, seconds: float, stop: Event) -> bool:
        """Whether the log until ``mark`` is here within that time."""
        backup, deadline = self.backup, monotonic() + seconds
        while not replication.is_received(backup.database, backup.manifest.slot, mark.lsn):
            if monotonic() > deadline or stop.wait(_LOOK):
                return False
        self.received = True
        return True

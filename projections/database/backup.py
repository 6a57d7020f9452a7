"""Physical backups of the server: base backups, and its write-ahead log without a gap.

A replication slot lets the server keep its log until it was fetched. So a later run fetches all
that happened since, and any instant in between can be restored.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic

from sqlalchemy.exc import OperationalError

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.database import backup_manifest as folders
from projections.database import base_backup_files, embedded, postgres_tools, replication
from projections.database.backup_manifest import PARTIAL, Base, Manifest, Series
from projections.database.engine import Database
from projections.database.installation import BUNDLED, url_of
from projections.database.postgres_tools import Progress

# A base backup that is older is followed by a new one.
MAX_AGE = timedelta(days=1)
# Seconds between two marks while the log is followed.
MARK_EVERY = 5.0
# Seconds that the last mark may take to arrive when a follower is told to stop.
LAST_MARK = 30.0


def nothing(done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


@contextmanager
def opened(
    settings: Settings,
    folder: Path,
    stop: Event,
    report: Callable[[str], None] = lambda line: None,
    progress: Progress = nothing,
) -> Iterator[Backup]:
    """The backup in ``folder`` of the server that ``settings`` name, for this process alone.

    The folder is made, for its owner alone, or has a backup of the same server already. ``stop``
    ends what takes long. ``report`` gets a line for what was done, ``progress`` the kilobytes of a
    base backup. Raises StorageError if the server cannot be backed up or is another than before,
    or if another process works on the folder; InvalidInputError if it holds something else.
    """
    if settings.database_url is None and embedded.state(settings.home) == "not created":
        raise StorageError(f"there is no database under {settings.home} yet")
    folder = folders.prepare(folder, settings.home.resolve() / "postgresql")
    with folders.locked(folder):
        url = settings.database_url or url_of(embedded.start(settings.home), BUNDLED)
        with closing(Database(url, pool_size=2)) as database:
            bundled = settings.database_url is None
            yield Backup(database, folder, bundled, stop, report, progress)


class Backup:
    """The backup in ``folder`` of the server of ``database``.

    ``bundled`` is whether that is the bundled server. The rest is as in ``opened``.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        bundled: bool,
        stop: Event,
        report: Callable[[str], None],
        progress: Progress,
    ) -> None:
        self.database, self.folder = database, folder
        self.stop, self.report, self.progress = stop, report, progress
        self.server = replication.server(database)
        self.tools = postgres_tools.find(self.server.major)
        self.arguments, self.environment = postgres_tools.connection(database.url)
        self.manifest = self._manifest(bundled)

    def run(self, *, base: bool = False) -> None:
        """Fetch the log up to now; make a base backup if ``base``, or if there is none that is
        younger than ``MAX_AGE``."""
        series = self._series()
        if base or self._is_due(series):
            self._make_base(series)
        mark = replication.mark(self.database)
        self._tool(
            "pg_receivewal",
            f"--directory={self._wal(series)}",
            f"--slot={self.manifest.slot}",
            f"--endpos={mark.lsn}",
            "--no-loop",
            "--synchronous",
        )
        self._note(series, mark)
        self.report(f"archived until {mark.at.isoformat()}")

    def follow(self, keep: int | None = None) -> None:
        """Fetch the log as it is written until ``stop`` is set; base backups as ``run`` does.

        After each base backup the newest ``keep`` stay, if it is given. A server that is away is
        waited for. Raises StorageError if the log is interrupted.
        """
        series = self._series()
        command = [
            self.tools.path("pg_receivewal"),
            *self.arguments,
            f"--directory={self._wal(series)}",
            f"--slot={self.manifest.slot}",
            "--synchronous",
        ]
        with tempfile.TemporaryFile() as log:
            process = postgres_tools.start(command, self.environment, log)
            try:
                self.report("following; stop it with SIGTERM or Ctrl-C")
                while not self.stop.wait(MARK_EVERY):
                    if process.poll() is not None:
                        raise postgres_tools.failure(log, process.returncode)
                    self._follow_once(series, keep)
                self._last_mark(series)
            finally:
                postgres_tools.end(process)

    def keep(self, count: int) -> None:
        """Remove all base backups but the newest ``count``, and the log that only they need."""
        every = [base for series in self.manifest.series for base in series.bases]
        kept = {base.name for base in every[-count:]}
        for series in self.manifest.series:
            series.bases = [base for base in series.bases if base.name in kept]
        left = [s for s in self.manifest.series if s.bases or s is self.manifest.series[-1]]
        gone = [series for series in self.manifest.series if series not in left]
        self.manifest.series = left
        # First out of the manifest, so that nothing half removed is ever restored.
        folders.write(self.folder, self.manifest)
        for series in gone:
            shutil.rmtree(self.folder / series.name)
        for series in left:
            self._remove_unneeded(series)
        if len(every) > len(kept):
            self.report(
                f"removed {len(every) - len(kept)} base backups and the log before the rest"
            )

    def drop_slot(self) -> None:
        """Let the server keep its log for this backup no longer. The next run starts a series."""
        dropped = replication.drop_slot(self.database, self.manifest.slot)
        self.report(f"{self.manifest.slot}: {'dropped' if dropped else 'there was none'}")

    def _manifest(self, bundled: bool) -> Manifest:
        """The manifest of the folder, or a new one."""
        found, server = folders.read(self.folder), self.server
        if found is None:
            return Manifest(
                version=folders.VERSION,
                server_version=server.version,
                bundled=bundled,
                system_identifier=server.system_identifier,
                installation=server.installation,
                secret_check=server.secret_check,
                slot=folders.slot_name(self.folder),
            )
        if (found.system_identifier, found.installation) != (
            server.system_identifier,
            server.installation,
        ):
            raise StorageError(f"{self.folder}: expected a backup of this server, not of another")
        found.server_version, found.secret_check = server.version, server.secret_check
        return found

    def _series(self) -> Series:
        """The series that goes on, or a new one if the log was interrupted."""
        series = self.manifest.series[-1] if self.manifest.series else None
        if (
            series is not None
            and series.timeline == self.server.timeline
            and replication.has_slot(self.database, self.manifest.slot)
        ):
            return series
        if series is not None:
            self.report("the server did not keep its log for this backup: a new series begins")
        number = 1 + max((int(s.name) for s in self.manifest.series), default=0)
        new = Series(f"{number:04d}", self.server.timeline, self.server.segment)
        replication.make_slot(self.database, self.manifest.slot)
        for path in (self.folder / new.name, self._wal(new), self._bases(new)):
            path.mkdir(mode=0o700, exist_ok=True)
        self.manifest.series.append(new)
        folders.write(self.folder, self.manifest)
        return new

    def _is_due(self, series: Series) -> bool:
        if not series.bases:
            return True
        return replication.mark(self.database).at - series.bases[-1].ended_at > MAX_AGE

    def _make_base(self, series: Series) -> None:
        """Make a base backup, verify it, and only then name it in the manifest."""
        for left in self._bases(series).glob(f"*{PARTIAL}"):
            shutil.rmtree(left)  # of a run that was killed
        started_at = replication.mark(self.database).at
        name = f"{started_at:%Y%m%dT%H%M%S}Z"
        draft = self._bases(series) / f"{name}{PARTIAL}"
        self._tool(
            "pg_basebackup",
            f"--pgdata={draft}",
            "--format=plain",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--label=sendtrail",
            f"--manifest-checksums={base_backup_files.ALGORITHM}",
            "--progress",
        )
        base_backup_files.verify(draft, self.stop)
        start_lsn, end_lsn = base_backup_files.positions(draft)
        ended_at = replication.mark(self.database).at
        draft.rename(self._bases(series) / name)
        folders.flush(self._bases(series))
        series.bases.append(Base(name, started_at, ended_at, start_lsn, end_lsn))
        folders.write(self.folder, self.manifest)
        self.report(f"base backup {series.name}/base/{name}, verified")

    def _follow_once(self, series: Series, keep: int | None) -> None:
        """Note how far the log has come, and make a base backup if it is time."""
        try:
            mark = replication.mark(self.database)
            deadline = monotonic() + MARK_EVERY
            while not self._arrived(mark) and monotonic() < deadline:
                if self.stop.wait(0.1):
                    return
            if self._arrived(mark):
                self._note(series, mark)
            if self._is_due(series):
                self._make_base(series)
                if keep is not None:
                    self.keep(keep)
        except OperationalError:
            return  # the server is away; pg_receivewal waits for it too

    def _last_mark(self, series: Series) -> None:
        """Note what was committed until the end, so that it can be restored."""
        try:
            mark = replication.mark(self.database)
            deadline = monotonic() + LAST_MARK
            while not self._arrived(mark):
                if monotonic() > deadline:
                    return
                Event().wait(0.05)
        except OperationalError:
            return
        self._note(series, mark)
        self.report(f"archived until {mark.at.isoformat()}")

    def _arrived(self, mark: replication.Mark) -> bool:
        return replication.is_received(self.database, self.manifest.slot, mark.lsn)

    def _note(self, series: Series, mark: replication.Mark) -> None:
        series.archived_until = mark.at
        folders.write(self.folder, self.manifest)

    def _remove_unneeded(self, series: Series) -> None:
        kept = {base.name for base in series.bases}
        for path in self._bases(series).iterdir():
            if path.name not in kept:
                shutil.rmtree(path)
        if series.bases:
            first = folders.segment_of(series, series.bases[0].start_lsn)
            for name, path in folders.segments(self._wal(series)).items():
                if name < first:
                    path.unlink()

    def _wal(self, series: Series) -> Path:
        return self.folder / series.name / "wal"

    def _bases(self, series: Series) -> Path:
        return self.folder / series.name / "base"

    def _tool(self, name: str, *arguments: str) -> None:
        command = [self.tools.path(name), *self.arguments, *arguments]
        postgres_tools.run(command, self.environment, self.stop, self.progress)

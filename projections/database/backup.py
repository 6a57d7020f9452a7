"""Physical backups of the server: base backups, and its write-ahead log without a gap.

A replication slot lets the server keep its log until it was fetched. So a later run fetches all
that happened since, and any instant in between can be restored.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.database import backup_manifest as folders
from projections.database import (
    base_backup_files,
    embedded,
    postgres_tools,
    remains,
    replication,
)
from projections.database.backup_manifest import PARTIAL, Base, Manifest, Series
from projections.database.engine import Database
from projections.database.installation import BUNDLED, url_of
from projections.database.postgres_tools import Progress

# Where the last base backup is older, a new one is made.
MAX_AGE = timedelta(days=1)


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
        series = self.series()
        if base or is_due(series, replication.mark(self.database).at):
            self.make_base(series)
        mark = replication.mark(self.database)
        command = [*self.receiver(series), f"--endpos={mark.lsn}"]
        postgres_tools.run(command, self.environment, self.stop, self.progress)
        self.note(series, mark)
        self.report(f"archived until {mark.at.isoformat()}")

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
        found.server_version = server.version
        found.note_secret(server.secret_check)
        return found

    def series(self) -> Series:
        """The series that goes on, or a new one if the log was interrupted."""
        series = self.manifest.series[-1] if self.manifest.series else None
        if (
            series is not None
            and series.timeline == self.server.timeline
            and replication.has_slot(self.database, self.manifest.slot)
        ):
            # The folder is locked: whoever receives was left by a process that was killed.
            replication.free_slot(self.database, self.manifest.slot)
            return series
        if series is not None:
            self.report("the server did not keep its log for this backup: a new series begins")
        remains.clear(self.database, self.stop, self.report)
        number = 1 + max((int(s.name) for s in self.manifest.series), default=0)
        new = Series(f"{number:04d}", self.server.timeline, self.server.segment)
        replication.make_slot(self.database, self.manifest.slot)
        for path in (self.folder / new.name, self._wal(new), self._bases(new)):
            path.mkdir(mode=0o700, exist_ok=True)
        self.manifest.series.append(new)
        folders.write(self.folder, self.manifest)
        return new

    def receiver(self, series: Series) -> list[str]:
        """The command that fetches the log of ``series`` from where it ends here."""
        return [
            self.tools.path("pg_receivewal"),
            *self.arguments,
            f"--directory={self._wal(series)}",
            f"--slot={self.manifest.slot}",
            "--no-loop",
            "--synchronous",
        ]

    def make_base(self, series: Series) -> None:
        """Make a base backup, verify it, and only then name it in the manifest."""
        remains.clear(self.database, self.stop, self.report)
        for left in self._bases(series).glob(f"*{PARTIAL}"):
            shutil.rmtree(left)  # of a run that was killed
        started_at = replication.mark(self.database).at
        name = folders.stamp(started_at)
        draft = self._bases(series) / f"{name}{PARTIAL}"
        command = [
            self.tools.path("pg_basebackup"),
            *self.arguments,
            f"--pgdata={draft}",
            "--format=plain",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--label=sendtrail",
            f"--manifest-checksums={base_backup_files.ALGORITHM}",
            "--progress",
        ]
        postgres_tools.run(command, self.environment, self.stop, self.progress)
        base_backup_files.verify(draft, self.stop)
        start_lsn, end_lsn = base_backup_files.positions(draft)
        ended_at = replication.mark(self.database).at
        draft.rename(self._bases(series) / name)
        folders.flush(self._bases(series))
        series.bases.append(Base(name, started_at, ended_at, start_lsn, end_lsn))
        folders.write(self.folder, self.manifest)
        self.report(f"base backup {series.name}/base/{name}, verified")

    def note(self, series: Series, mark: replication.Mark) -> None:
        """Note that the log until ``mark`` is here."""
        series.archived_until = mark.at
        self.manifest.note_secret(replication.check_of_secret(self.database))
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


def is_due(series: Series, at: datetime) -> bool:
    """Whether there is no base backup of the series that is younger than ``MAX_AGE`` then."""
    return not series.bases or at - series.bases[-1].ended_at > MAX_AGE

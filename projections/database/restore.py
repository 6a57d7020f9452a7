"""Restores a backup into the bundled server's home.

All happens in a folder beside the living data: it is put in its place only when the server has
recovered. So a restore that fails leaves everything as it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from threading import Event

from domain.errors import InvalidInputError, SettingsError, StorageError
from projections.config import secret_key
from projections.config.settings import Settings
from projections.database import backup_manifest as folders
from projections.database import (
    base_backup_files,
    bundled_files,
    embedded,
    own_server,
    postgres_tools,
    secret_check,
)
from projections.database.backup_manifest import Manifest, Series
from projections.database.installation import BUNDLED, url_of
from projections.database.postgres_tools import Progress

DOCUMENT = "docs/backup.md"


class Restore:
    """A restore of the backup in ``folder``, as of ``until`` or of all of it, into the home.

    ``force`` lets a living database be put aside. Nothing is changed yet. Raises SettingsError for
    a database of the user's own and for another secret key than the backup's, InvalidInputError for
    a folder without a backup, an instant that is not in it, or a database that is in the way, and
    StorageError for a backup that this version cannot restore and for a database that is in use.
    """

    def __init__(
        self, settings: Settings, folder: Path, until: datetime | None, *, force: bool
    ) -> None:
        if settings.database_url is not None:
            raise SettingsError(
                "SENDTRAIL_DATABASE_URL: expected none, because a server of your own is restored"
                f" with its own tools; see {DOCUMENT}"
            )
        self.folder = folder.expanduser().resolve()
        manifest = folders.read(self.folder)
        if manifest is None:
            raise InvalidInputError(str(folder), "a folder that sendtrail db backup made")
        self.home, self.until = settings.home.resolve(), until
        self.data = self.home / "postgresql"
        _refuse_other_servers(manifest)
        self.secret_key = secret_key.find(settings, make=False)
        known = [manifest.secret_check, *manifest.former_checks]
        # Which one opens the state that is restored is seen when it is there.
        secret_check.verify_any([check.encode() for check in known], self.secret_key)
        self.chosen = folders.choose(manifest, until)
        if self.data.exists() and not force:
            raise InvalidInputError(
                str(self.data), "nothing there; --force puts the present database aside"
            )
        self._refuse_living_processes()
        self.stamp = folders.stamp(datetime.now(UTC))

    @property
    def has_living(self) -> bool:
        """Whether there is a database that this restore replaces."""
        return (self.data / "PG_VERSION").exists()

    @contextmanager
    def living(self) -> Iterator[str]:
        """Run the server of the database that is to be replaced; gives the database's URL.

        Raises StorageError if it does not start.
        """
        with own_server.running(self.data) as url:
            yield url_of(url, BUNDLED)

    @contextmanager
    def recovered(self, copied: Progress, replayed: Progress) -> Iterator[str]:
        """Run the restored server beside the living data; gives the database's URL.

        If the block ends well, the restored data is put in its place. ``copied`` gets the number of
        files that are there, ``replayed`` that of segments of the log. Raises StorageError if the
        backup is damaged or the server cannot recover to the instant.
        """
        staging = self.home / f"restoring-{self.stamp}"
        data = staging / "postgresql"
        segments = self._segments()
        try:
            base_backup_files.verify(self._base(), Event())
            staging.mkdir(mode=0o700, parents=True)
            _copy(self._base(), data, copied)
            _copy_log(segments, data / "pg_wal")
            (data / "recovery.signal").touch(mode=0o600)
            own_server.adopt(data)
            names = list(segments)

            def told(segment: str) -> None:
                if segment in segments:
                    replayed(names.index(segment), len(names))

            with own_server.running(data, self._options(), told) as url:
                yield url_of(url, BUNDLED)
            self._put_in_place(data)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    @property
    def aside(self) -> Path:
        """Where the database is kept that this restore replaces."""
        return self.home / f"postgresql.before-restore-{self.stamp}"

    def _options(self) -> list[str]:
        """What the server needs to know for this one recovery. Nothing of it is left in a file."""
        # All segments lie in pg_wal already, where the server looks when the command fails. It may
        # run as another user, who cannot read the backup.
        options = ["restore_command=exit 1", "recovery_target_timeline=current"]
        if self.until is not None:
            options += [
                f"recovery_target_time={self.until.isoformat()}",
                "recovery_target_action=promote",
            ]
        return options

    def _base(self) -> Path:
        return self.folder / self.chosen.series.name / "base" / self.chosen.base.name

    def _segments(self) -> dict[str, Path]:
        """The segments of the log that the base backup has not got, by name, in order."""
        series, own = self.chosen.series, self._base() / "pg_wal"
        first = folders.segment_of(series, self.chosen.base.start_lsn)
        found = folders.segments(self.folder / series.name / "wal")
        needed = {
            name: path
            for name, path in found.items()
            if name >= first and not (own / name).exists()
        }
        _refuse_gap(series, sorted({*needed, *(p.name for p in own.iterdir() if p.name >= first)}))
        return needed

    def _refuse_living_processes(self) -> None:
        """Raise StorageError if any process uses the living database."""
        users = embedded.users(self.home)
        if users or embedded.state(self.home) == "running":
            who = ", ".join(map(str, users)) or "none that is known; see sendtrail db stop"
            raise StorageError(
                "the database is in use: stop serve, run and every other command first"
                f" (processes: {who})"
            )

    def _put_in_place(self, data: Path) -> None:
        # Whoever starts the server holds this lock: nobody can start it in between.
        with bundled_files.locked(self.data):
            if embedded.state(self.home) == "running":
                raise StorageError("the database is in use again: the restore is not put in place")
            if self.data.exists():
                self.data.rename(self.aside)
            data.rename(self.data)
        folders.flush(self.home)


def _refuse_other_servers(manifest: Manifest) -> None:
    """Raise StorageError if the bundled server cannot take this backup."""
    tools = postgres_tools.bundled()
    if not manifest.bundled:
        raise StorageError(
            "the backup is of a server of your own, which is restored with its own tools;"
            f" see {DOCUMENT}"
        )
    if manifest.server_version.partition(".")[0] != str(tools.major):
        raise StorageError(
            f"the backup is of PostgreSQL {manifest.server_version}:"
            f" expected one of the bundled version {tools.major}"
        )


def _refuse_gap(series: Series, names: list[str]) -> None:
    """Raise StorageError if a segment is missing between the others."""
    per_file = (1 << 32) // series.segment
    numbers = [int(name[8:16], 16) * per_file + int(name[16:], 16) for name in names if _is(name)]
    for before, after in pairwise(numbers):
        if after != before + 1:
            raise StorageError("the backup is damaged: a segment of the log is missing in it")


def _is(name: str) -> bool:
    return len(name) == 24 and all(digit in "0123456789ABCDEF" for digit in name)


def _copy(base: Path, data: Path, progress: Progress) -> None:
    total = sum(len(names) for _, _, names in os.walk(base))
    done = 0

    def copy(source: str, target: str) -> str:
        nonlocal done
        done += 1
        progress(done, total)
        return shutil.copy2(source, target)

    shutil.copytree(base, data, copy_function=copy)


def _copy_log(segments: dict[str, Path], folder: Path) -> None:
    for name, path in segments.items():
        shutil.copyfile(path, folder / name)

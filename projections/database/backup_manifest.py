"""The folder of a backup: what is in it, and which part of it a restore needs.

    manifest.json                       all of the below, written anew as a whole
    0001/base/20260302T080000.000000Z/  a base backup: the server's data directory at that time
    0001/wal/                           PostgreSQL's log since then, in segments
    0002/…                              a new series: the log was interrupted, by a restore perhaps

Within a series the log has no gap and one timeline.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.errors import InvalidInputError, StorageError

NAME = "manifest.json"
# What is not complete yet has this at the end of its name, also a segment.
PARTIAL = ".partial"
VERSION = 1
_LOCK = ".lock"


class Base(msgspec.Struct):
    """A base backup. It was made between two instants of the server's clock, and is of use from
    the second on. The positions in the log are PostgreSQL's, such as ``0/2000028``."""

    name: str
    started_at: datetime
    ended_at: datetime
    start_lsn: str
    end_lsn: str


class Series(msgspec.Struct):
    """Base backups and the log without a gap from the first of them until ``archived_until``.

    ``segment`` is the size of a segment of the log in bytes.
    """

    name: str
    timeline: int
    segment: int
    archived_until: datetime | None = None
    bases: list[Base] = msgspec.field(default_factory=list)


class Manifest(msgspec.Struct):
    """The content of ``manifest.json``.

    ``bundled`` is whether the server was the bundled one. ``installation`` is a digest.
    ``secret_check`` proves the secret key, ``former_checks`` those that it replaced.
    """

    version: int
    server_version: str
    bundled: bool
    system_identifier: str
    installation: str
    secret_check: str
    slot: str
    series: list[Series] = msgspec.field(default_factory=list)
    former_checks: list[str] = msgspec.field(default_factory=list)

    def note_secret(self, check: str) -> None:
        """Note what proves the secret key by now: an earlier state may need an earlier key."""
        if check != self.secret_check:
            self.former_checks.append(self.secret_check)
            self.secret_check = check


class Chosen(NamedTuple):
    """What a restore starts from."""

    series: Series
    base: Base


def read(folder: Path) -> Manifest | None:
    """The manifest in ``folder``; None if there is none. Raises StorageError if it is damaged."""
    path = folder / NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidInputError(str(path), f"a file to read ({error.strerror})") from None
    except msgspec.MsgspecError:
        raise StorageError(f"{path}: expected the manifest of a backup") from None
    if manifest.version != VERSION:
        raise StorageError(
            f"{path}: expected a backup of version {VERSION}, this is {manifest.version}"
        )
    return manifest


def write(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in ``folder``; it is there as a whole and on the disk."""
    draft = folder / f"{NAME}{PARTIAL}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(folder / NAME)
    flush(folder)


def flush(folder: Path) -> None:
    """Bring the names in ``folder`` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def prepare(folder: Path, data: Path) -> Path:
    """The whole path of ``folder``, which is made, for its owner alone, where it is missing.

    ``data`` is the data directory of the bundled server. Raises InvalidInputError if the folder is
    in it, cannot be written to, or holds something else than a backup.
    """
    folder = folder.expanduser().resolve()
    if folder == data or data in folder.parents:
        raise InvalidInputError(str(folder), "a folder outside of the database's own")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise InvalidInputError(str(folder), f"a folder to write to ({error.strerror})") from None
    if NAME not in names and names - {_LOCK, "lost+found"}:
        raise InvalidInputError(str(folder), "a new folder, or one with a backup in it")
    return folder


def stamp(at: datetime) -> str:
    """``at``, in UTC, as the name of a folder. Two within a second have two names."""
    return f"{at:%Y%m%dT%H%M%S.%f}Z"


def slot_name(folder: Path) -> str:
    """The name of the replication slot for ``folder``, the same whenever it is made again."""
    place = f"{socket.gethostname()}:{folder}".encode()
    return f"sendtrail_backup_{hashlib.sha256(place).hexdigest()[:8]}"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process. Raises StorageError if another one works on it."""
    import fcntl  # not on Windows

    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(f"{folder}: another sendtrail db backup works on it") from None
        yield


def choose(manifest: Manifest, until: datetime | None) -> Chosen:
    """The latest base backup that had ended by ``until``, or of all, with its series.

    Raises InvalidInputError, with what there is, if the log of that instant is not there, and
    StorageError if there is no base backup.
    """
    every = [Chosen(series, base) for series in manifest.series for base in series.bases]
    if not every:
        raise StorageError("there is no base backup in it yet: expected one of sendtrail db backup")
    if until is None:
        return every[-1]
    for chosen in reversed(every):
        last = chosen.series.archived_until
        if chosen.base.ended_at <= until:
            if last is not None and until <= last:
                return chosen
            break
    spans = [
        f"{series.bases[0].ended_at.isoformat()} to {series.archived_until.isoformat()}"
        for series in manifest.series
        if series.bases and series.archived_until is not None
    ]
    raise InvalidInputError("until", f"an instant of {' or of '.join(spans)}")


def segment_of(series: Series, lsn: str) -> str:
    """The name of the segment of the log that holds the position ``lsn``."""
    high, _, low = lsn.partition("/")
    number = ((int(high, 16) << 32) + int(low, 16)) // series.segment
    per_file = (1 << 32) // series.segment
    return f"{series.timeline:08X}{number // per_file:08X}{number % per_file:08X}"


def segments(wal: Path) -> dict[str, Path]:
    """The segments in the folder ``wal`` by name in their order; the last may be partial."""
    found: dict[str, Path] = {}
    for path in sorted(wal.glob(f"[0-9A-F]*{PARTIAL}")) + sorted(wal.glob("[0-9A-F]*[0-9A-F]")):
        name = path.name.removesuffix(PARTIAL)
        if len(name) == 24:
            found[name] = path  # the complete one, where there are both
    return dict(sorted(found.items()))

"""Proves that the files of a base backup are those that the server sent.

pg_basebackup writes a list of all files with their sizes and checksums, ``backup_manifest``, which
is checked here against the files. That is what pg_verifybackup does; the wheel's own one crashes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import msgspec

from domain.errors import StorageError

MANIFEST = "backup_manifest"
# The checksums that pg_basebackup is asked for.
ALGORITHM = "SHA256"
# What is in no list: the list itself, and the log, which has checksums of its own.
_UNLISTED = (MANIFEST, "pg_wal")
_CHECKSUM = b'"Manifest-Checksum"'


def verify(base: Path, stop: Event) -> None:
    """Compare every file below ``base`` with the list in it.

    Raises StorageError that names the first file which is missing, altered or not in the list, and
    if ``stop`` is set meanwhile.
    """
    listed = {_path(entry): entry for entry in _listed(base)["Files"]}
    found = set(_found(base))
    for path in sorted(found ^ listed.keys()):
        why = "is missing" if path in listed else "does not belong there"
        raise StorageError(f"the base backup {base.name} is damaged: {path} {why}")
    for path, entry in listed.items():
        if stop.is_set():
            raise StorageError("stopped before the backup was verified")
        if (
            entry.get("Checksum-Algorithm") != ALGORITHM
            or _digest(base / path) != entry["Checksum"]
        ):
            raise StorageError(f"the base backup {base.name} is damaged: {path} was altered")


def positions(base: Path) -> tuple[str, str]:
    """The first and the last position of the log that the base backup needs."""
    ranges = _listed(base)["WAL-Ranges"]
    return ranges[0]["Start-LSN"], ranges[-1]["End-LSN"]


def _listed(base: Path) -> Any:
    """The list as it was written. Raises StorageError if it was altered."""
    try:
        content = (base / MANIFEST).read_bytes()
        listed = msgspec.json.decode(content)
        # The list ends with its own checksum, of all lines before that one.
        signed = content[: content.rindex(_CHECKSUM)]
        if hashlib.sha256(signed).hexdigest() == listed["Manifest-Checksum"]:
            return listed
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise StorageError(f"the base backup {base.name} is damaged: {MANIFEST} was altered")


def _path(entry: dict[str, Any]) -> str:
    if "Path" in entry:
        return str(entry["Path"])
    return os.fsdecode(bytes.fromhex(entry["Encoded-Path"]))  # a name that is not UTF-8


def _found(base: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(base):
        place = Path(folder).relative_to(base)
        if place == Path():
            folders[:] = [name for name in folders if name not in _UNLISTED]
            names = [name for name in names if name not in _UNLISTED]
        for name in names:
            yield str(place / name)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

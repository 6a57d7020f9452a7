"""The bundled PostgreSQL: one server per home, shared by all Sendtrail processes.

Whoever uses the server is in the list of its users, and the last of them stops it when it exits. A
process that was killed is no user any more. A server that was killed, or stopped while it was
used, is started again: by the next command, and by every process that has a ``Keeper``.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

from domain.errors import StorageError
from projections.database import bundled_files, bundled_server

State = Literal["not created", "stopped", "running"]

# Seconds between two looks of a keeper, and at most while the server cannot be started.
EVERY = 1.0
LONGEST_PAUSE = 60.0
# Seconds that a server may take to recover from a crash, or to stop before it is started anew.
PATIENCE = 120.0
# Seconds in which PostgreSQL may refuse to start: what is left of one that was killed may hold it
# up for a moment.
REFUSALS = 10.0


def start(home: Path) -> str:
    """Start the server under ``home``/postgresql, or join it, and return its URL.

    The URL is the same after every start of the server. This process counts as a user until it
    exits. Raises StorageError if the server cannot be started.
    """
    data = _data(home)
    began = monotonic()
    try:
        while True:
            try:
                joined = _join(data)
            except subprocess.CalledProcessError:
                if monotonic() - began > REFUSALS:
                    raise
                joined = None
            if joined is not None:
                return joined
            if monotonic() - began > PATIENCE:
                raise TimeoutError
            sleep(0.1)
    except Exception as error:  # the library lets many kinds through
        if isinstance(error, OSError) and error.strerror:
            problem = f": {error.strerror}; name another folder by SENDTRAIL_HOME"
        else:
            problem = f" ({type(error).__name__}): see {data / 'log'}"
        raise StorageError(
            f"the bundled PostgreSQL does not start under {data}{problem},"
            " or set SENDTRAIL_DATABASE_URL to a PostgreSQL 15 or newer"
        ) from error


def state(home: Path) -> State:
    """Whether there is a server under ``home`` and whether it runs."""
    data = _data(home)
    if not (data / "PG_VERSION").exists():
        return "not created"
    return "running" if bundled_server.postmaster(data) is not None else "stopped"


def users(home: Path) -> list[int]:
    """The ids of the living processes that use the server."""
    return bundled_files.users(_data(home))


def stop(home: Path) -> bool:
    """Stop the server, whatever processes use it, and return whether it was running.

    Open transactions are rolled back; what was committed stays. The processes that use it remain
    its users, and those with a keeper start it again. Raises StorageError if the server does not
    stop within a minute.
    """
    data = _data(home)
    if bundled_server.postmaster(data) is None:
        return False
    with bundled_files.locked(data):
        return bundled_server.stop(data)


def url(home: Path) -> str:
    """The URL of the running server. Raises StorageError if it is not running."""
    data = _data(home)
    if not bundled_server.is_ready(data):
        raise StorageError(
            "the bundled PostgreSQL is not running; it runs while a command that needs it does"
        )
    return bundled_server.url(data)


class Keeper:
    """A thread that starts the server under ``home`` again whenever it does not run.

    It also keeps this process in the list of users, and ends with the process. ``tell`` is called
    with ``server.restarted`` when the server was away and is back, and once before that with
    ``server.does_not_start`` if it cannot be started. Make it after forking, in a process that
    leaves the exit codes of its children to those who started them: a child starts the server.
    """

    def __init__(self, home: Path, tell: Callable[[str], None] = lambda what: None) -> None:
        self._data = _data(home)
        self._tell = tell
        self._failures = 0
        self._is_away = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin to look, every second."""
        self._thread.start()
        # It ends before this process leaves the list of users: functions are called last in first
        # out. Otherwise it would start what the last user just stopped.
        atexit.register(self.end)

    def end(self) -> None:
        """Look no more; the server stays as it is."""
        self._ended.set()
        self._thread.join()
        atexit.unregister(self.end)

    def _keep(self) -> None:
        while not self._ended.wait(EVERY * min(2**self._failures, LONGEST_PAUSE)):
            try:
                self._look()
                self._failures = 0
            except Exception:  # the library lets many kinds through; the server's log says more
                self._failures = min(self._failures + 1, 10)
                if self._failures == 2:  # the first may be due to what a killed server left
                    self._tell("server.does_not_start")

    def _look(self) -> None:
        # A server whose data was deleted or taken away is not made anew, with nothing in it.
        if not (self._data / "PG_VERSION").exists():
            return
        if bundled_server.postmaster(self._data) is None:
            self._is_away = True
        elif not self._is_away and os.getpid() in bundled_files.users(self._data):
            return
        if _join(self._data) is not None and self._is_away:
            self._is_away = False
            self._tell("server.restarted")


def _join(data: Path) -> str | None:
    """Start the server in ``data`` unless it runs, and make this process a user of it.

    Return its URL, or None if it needs more time. Raises whatever the library raises.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    with bundled_files.locked(data):
        bundled_server.bring_up(data)
        if not bundled_server.is_ready(data):
            return None
        if bundled_files.add_user(data, os.getpid()):
            atexit.register(_leave, data)
        return bundled_server.url(data)


def _leave(data: Path) -> None:
    """At the exit of a process, which may be a fork of the one that joined: use it no more."""
    if not data.exists():
        return
    with suppress(StorageError, OSError), bundled_files.locked(data):
        if bundled_files.remove_user(data, os.getpid()):
            bundled_server.stop(data)


def _data(home: Path) -> Path:
    return (home / "postgresql").resolve()

"""Starts ``sendtrail`` in a fraction of the time: a process that has imported it forks.

What runs is what ``python -m runners.cli.main`` runs, in a process of its own. Its imports take
longer than most of what tests do with it.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import NoReturn

from tests.support import shared_clock

ROOT = Path(__file__).parents[2]
MODULE = "runners.cli.main"
# The larger part of what only ``serve`` imports.
OF_SERVE = ("flask_smorest", "flask_swagger_ui", "gunicorn.app.base", "gunicorn.workers.gthread")

_asking = Lock()


class Fork:
    """A process that was forked: what tests use of a ``subprocess.Popen``."""

    def __init__(
        self, arguments: list[str], environment: dict[str, str], out: int, err: int
    ) -> None:
        self.returncode: int | None = None
        reports, report = os.pipe()
        self._reports = io.FileIO(reports)
        request = json.dumps([arguments, environment]).encode()
        with _asking:
            server, _ = _server()
            socket.send_fds(server, [len(request).to_bytes(8)], [out, err, report])
            server.sendall(request)
        os.close(report)
        self.pid = int.from_bytes(self._reports.read(8))
        assert self.pid, "nothing was forked"

    def poll(self) -> int | None:
        """The exit code, or the signal that ended it as a negative number; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(MODULE, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._reports], [], [], timeout)[0]:
            with self._reports:
                status = int.from_bytes(self._reports.read(8))
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


class Started(subprocess.Popen[bytes]):
    """The same as a ``Fork``, in a new interpreter."""

    def __init__(
        self, arguments: list[str], environment: dict[str, str], out: int, err: int
    ) -> None:
        command = [sys.executable, "-m", MODULE, *arguments]
        super().__init__(command, cwd=ROOT, env=environment, stdout=out, stderr=err)


@cache
def _server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The process that forks for this one, and the connection to it; it ends with this one."""
    own, other = socket.socketpair()
    with other:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forks", str(other.fileno())],
            cwd=ROOT,
            pass_fds=[other.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    atexit.register(_end, own, process)
    return own, process


def _end(own: socket.socket, process: subprocess.Popen[bytes]) -> None:
    own.close()
    process.kill()
    process.wait()


def serve(connection: socket.socket) -> None:
    """Forks a process for every request, until the other end is closed."""
    for name, (place, _) in import_module(MODULE).COMMANDS.items():
        # These import the client, which then decides where it keeps values.
        if name not in ("serve", "export"):
            import_module(place.partition(":")[0])
    for name in OF_SERVE:
        import_module(name)
    assert "prometheus_client" not in sys.modules
    # As if it had never been imported, for runpy.
    del sys.modules[MODULE]
    gc.freeze()
    # Nobody waits for those that watch; and Ctrl-C is for the tests.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        length, descriptors, _, _ = socket.recv_fds(connection, 8, 3)
        if not length:
            return
        request = connection.recv(int.from_bytes(length), socket.MSG_WAITALL)
        if os.fork() == 0:
            connection.close()
            _watch(*json.loads(request), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _watch(
    arguments: list[str], environment: dict[str, str], out: int, err: int, report: int
) -> NoReturn:
    """Forks the process that works, and reports its id and, when it has ended, how."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(report)
        _work(arguments, environment, out, err)
    os.close(out)
    os.close(err)
    os.write(report, pid.to_bytes(8))
    os.write(report, os.waitpid(pid, 0)[1].to_bytes(8))
    os._exit(0)


def _work(arguments: list[str], environment: dict[str, str], out: int, err: int) -> NoReturn:
    """Does what ``python -m`` does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    if err != out:
        os.close(err)
    os.environ.clear()
    os.environ.update(environment)
    if shared_clock.VARIABLE in environment:
        shared_clock.install(environment[shared_clock.VARIABLE])
    sys.argv = [MODULE, *arguments]
    runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as own:
        serve(own)

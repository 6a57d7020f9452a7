"""Runs a real ``sendtrail serve`` for as long as a measurement needs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic, sleep
from typing import NamedTuple
from urllib.request import urlopen

from benchmarks.harness.installation import SECRET_KEY

# Seconds after which a server that should be ready counts as lost.
READY_TIMEOUT = 120.0


class Server(NamedTuple):
    """A server that is ready: the URL of its API, and the process that has its workers."""

    url: str
    pid: int


@contextmanager
def running(database_url: str, module: str = "runners.cli.main") -> Iterator[str]:
    """Run a server as ``started`` does; gives the URL of its API."""
    with started(database_url, module) as server:
        yield server.url


@contextmanager
def started(database_url: str, module: str = "runners.cli.main") -> Iterator[Server]:
    """Run a server on the database; gives it once it is ready. ``module`` is the program that has
    the command ``serve``.

    The server gets no setting of this process's environment. Raises AssertionError if the server
    ends before it is ready, or is not ready in time.
    """
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SENDTRAIL_")}
    command = [sys.executable, "-m", module, "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory(prefix="st-") as home:
        environment |= {
            "SENDTRAIL_DATABASE_URL": database_url,
            "SENDTRAIL_SECRET_KEY": SECRET_KEY,
            "SENDTRAIL_HOME": home,
            "SENDTRAIL_LOG_LEVEL": "WARNING",
        }
        with subprocess.Popen(command, env=environment) as process:
            try:
                _wait_until_ready(f"http://127.0.0.1:{port}/readyz", process)
                yield Server(f"http://127.0.0.1:{port}/api/v1", process.pid)
            finally:
                process.terminate()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    until = monotonic() + READY_TIMEOUT
    while True:
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - on this machine
                return
        except OSError:  # refused, not ready, or too slow to say so
            assert process.poll() is None, "sendtrail serve ended"
            assert monotonic() < until, f"sendtrail serve is not ready after {READY_TIMEOUT:g} s"
            sleep(0.1)

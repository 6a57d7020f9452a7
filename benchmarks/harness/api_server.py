"""A real ``sendtrail serve`` for as long as it is needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 60.0


@contextmanager
def running(database_url: str) -> Iterator[str]:
    """The root of its API, once it is ready."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SENDTRAIL_")}
    command = [sys.executable, "-m", "runners.cli.main", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory(prefix="st-") as home:
        environment |= {
            "SENDTRAIL_DATABASE_URL": database_url,
            "SENDTRAIL_HOME": home,
            "SENDTRAIL_LOG_LEVEL": "WARNING",
        }
        with subprocess.Popen(command, env=environment) as process:
            try:
                _wait(f"http://127.0.0.1:{port}/readyz", process)
                yield f"http://127.0.0.1:{port}/api/v1"
            finally:
                process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = monotonic() + PATIENCE
    while True:
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - on this machine
                return
        except (URLError, ConnectionError):
            assert process.poll() is None, "sendtrail serve ended"
            assert monotonic() < until, f"sendtrail serve is not ready after {PATIENCE:g} s"
            sleep(0.1)

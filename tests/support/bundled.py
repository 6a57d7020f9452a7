"""The bundled server as other processes use it, and what may happen to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2

from projections.database import bundled_server
from tests.support.processes import ROOT, environment

# A Sendtrail process: joins the server, says its URL, and works until its input ends.
PROCESS = """
import sys
from pathlib import Path
from projections.database import embedded
home = Path(sys.argv[1])
url = embedded.start(home)
if sys.argv[2] == "keeps":
    embedded.Keeper(home).start()
print(url, flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the server of ``home``, and maybe keeps it running; ``url`` is what it
    was given. ``variables`` go into its environment."""

    def __init__(self, home: Path, *, keeps: bool = False, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(home), "keeps" if keeps else "uses"],
            cwd=ROOT,
            env={**environment(), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def leaves(self) -> None:
        """Ends as a program ends."""
        self.process.communicate(timeout=60)

    def dies(self) -> None:
        """Is killed, and can clean up nothing."""
        self.process.kill()
        self.process.communicate(timeout=60)


@contextmanager
def user(home: Path, *, keeps: bool = False, **variables: str) -> Iterator[User]:
    """A user that has left when the block ends."""
    joined = User(home, keeps=keeps, **variables)
    try:
        yield joined
    finally:
        if joined.process.returncode is None:
            joined.leaves()


def asked(url: str, statement: str = "SELECT 1") -> int:
    """The one number that a database on that server answers."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        (answer,) = cursor.fetchone()
        return int(answer)


def answers(url: str) -> bool:
    """Whether the server takes connections."""
    with suppress(psycopg2.Error):
        return asked(url) == 1
    return False


def processes_of(home: Path) -> list[psutil.Process]:
    """All processes of the server of ``home``, the postmaster first."""
    data = (home / "postgresql").resolve()
    found = [one for one in psutil.process_iter() if bundled_server._belongs(one, data)]
    return sorted(found, key=lambda one: one.create_time())


def kill(home: Path, *, children: bool = True) -> None:
    """``kill -9`` of the postmaster, and then of its children."""
    postmaster, *others = processes_of(home)
    for process in (postmaster, *(others if children else ())):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)

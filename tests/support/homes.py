"""Homes with a bundled server of their own, which keeps what it commits."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from projections.config.settings import Settings
from projections.container import Container
from projections.database.installation import BUNDLED, url_of
from tests.support import then
from tests.support.api.given import SECRET_KEY
from tests.support.forks import ROOT
from tests.support.postgres import MEMORY, NEEDED
from tests.support.processes import Result, environment, running

# Joins the server, says its URL, and holds it until its input ends.
HOLDER = """
import sys
from pathlib import Path
from projections.database import embedded, installation
url = embedded.start(Path(sys.argv[1]))
installation.ensure(url, installation.BUNDLED)
print(url, flush=True)
sys.stdin.read()
"""
# Seconds for what copies a server's files, on machines that do other things too.
LONG = 300.0


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for homes and backups, in memory if there is room."""
    import shutil

    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED
    with tempfile.TemporaryDirectory(prefix="st-", dir=MEMORY if has_room else None) as name:
        # The server of root runs as another user.
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def opened(home: Path) -> Iterator[Container]:
    """The application on the server of ``home``, which another process holds meanwhile: afterwards
    this process uses it no longer."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        url = url_of(holder.stdout.readline().strip(), BUNDLED)
        with Container(Settings(database_url=url, secret_key=SECRET_KEY)) as container:
            yield container
        holder.communicate(timeout=60)


def takes_long(*arguments: object, **settings: object) -> Result:
    """Runs a command to its end, however long it takes; both outputs are in ``stdout``."""
    with running(*map(str, arguments), **settings) as child:
        then.soon(lambda: child.process.poll() is not None, LONG)
        code = child.ends()
        return Result(arguments, code, "\n".join(child.lines), "")

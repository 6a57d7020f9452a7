"""Emulates a disk that takes longer to flush.

A shared library, loaded into the server's processes by ``LD_PRELOAD``, delays ``fsync`` and
``fdatasync``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness.postgres_fixture import PostgresFixture, open_bundled_postgres

# Milliseconds added to a flush; ``LONG`` makes a disk that turns.
DELAY, LONG = 2.5, 10.0

# The note where the library cannot be built.
LEFT_OUT = "with a slow flush: left out, there is no C compiler (cc)"

SOURCE = """
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void hold_up(void)
{
    struct timespec left = {0, DELAY};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) { }
}

int fsync(int file) { hold_up(); return (int) syscall(SYS_fsync, file); }
int fdatasync(int file) { hold_up(); return (int) syscall(SYS_fdatasync, file); }
"""


def is_possible() -> bool:
    """Whether such a library can be built and used here."""
    return sys.platform == "linux" and shutil.which("cc") is not None


@contextmanager
def build_library(delay: float) -> Iterator[Path]:
    """Build a library that adds ``delay`` milliseconds to a flush; gives its path, and deletes it
    at the end."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        source, built = Path(folder) / "slow_flush.c", Path(folder) / "slow_flush.so"
        source.write_text(SOURCE)
        command = ["cc", "-O2", "-shared", "-fPIC", f"-DDELAY={round(delay * 1e6)}"]
        subprocess.run([*command, "-o", built, source], check=True)
        # The server runs as somebody else if this process is root's.
        Path(folder).chmod(0o755)
        built.chmod(0o755)
        yield built


@contextmanager
def open_slow_postgres(delay: float = DELAY) -> Iterator[PostgresFixture]:
    """A bundled server of its own, every flush of which takes ``delay`` milliseconds longer."""
    with build_library(delay) as built, open_bundled_postgres(built) as postgres:
        yield postgres

"""A disk that takes longer to flush, emulated: a library that holds up ``fsync`` and ``fdatasync``
of the processes into which it is loaded before they begin (``LD_PRELOAD``)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness.postgres_fixture import Stage, open_bundled

# Milliseconds that an emulated flush takes longer.
DELAY = 2.5

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


def possible() -> bool:
    """Whether such a library can be made and used here."""
    return sys.platform == "linux" and shutil.which("cc") is not None


@contextmanager
def library(delay: float) -> Iterator[Path]:
    """The library; ``delay`` in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        source, made = Path(folder) / "slow_flush.c", Path(folder) / "slow_flush.so"
        source.write_text(SOURCE)
        command = ["cc", "-O2", "-shared", "-fPIC", f"-DDELAY={round(delay * 1e6)}"]
        subprocess.run([*command, "-o", made, source], check=True)
        # The server runs as somebody else if this process is root's.
        Path(folder).chmod(0o755)
        made.chmod(0o755)
        yield made


@contextmanager
def open_slow() -> Iterator[Stage]:
    """A stage on a server of its own, every flush of which takes ``DELAY`` longer."""
    with library(DELAY) as made, open_bundled(made) as stage:
        yield stage

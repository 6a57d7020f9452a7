"""Sendtrail as a process of its own, as a person or a supervisor starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO

from tests.support import then
from tests.support.api.given import SECRET_KEY
from tests.support.forks import MODULE, ROOT, Fork

Result = subprocess.CompletedProcess[str]


def environment(**settings: object) -> dict[str, str]:
    """This process's own without its settings, and these instead, but for those that are None:
    ``database_url`` is SENDTRAIL_DATABASE_URL. The secret key is the tests', and no campaign can be
    undone, unless they are given."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SENDTRAIL_")}
    given = {"secret_key": SECRET_KEY, "undo_seconds": 0, **settings}
    return {**kept, **{f"SENDTRAIL_{k.upper()}": str(v) for k, v in given.items() if v is not None}}


def sendtrail(*arguments: object, **settings: object) -> Result:
    """Runs a command to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = Fork([*map(str, arguments)], environment(**settings), out.fileno(), err.fileno())
        try:
            code = process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Result(arguments, code, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def fresh(*arguments: object, **settings: object) -> Result:
    """The same in a new interpreter, which has imported nothing."""
    return subprocess.run(
        [sys.executable, "-m", MODULE, *map(str, arguments)],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def each(*commands: tuple[list[object], dict[str, object]]) -> list[Result]:
    """Runs several at once; the results in the order of the commands."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda command: sendtrail(*command[0], **command[1]), commands))


class Child:
    """A command that goes on until it is told to stop; ``lines`` is what it wrote so far."""

    def __init__(self, *arguments: str, **settings: object) -> None:
        read, write = os.pipe()
        self.process = Fork([*arguments], environment(**settings), write, write)
        os.close(write)
        self._stream = os.fdopen(read)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with self._stream as stream:
            for line in stream:
                self.lines.append(line.rstrip("\n"))

    def says(self, text: str) -> None:
        """Waits until it has written that."""
        then.soon(lambda: any(text in line for line in self.lines))

    def ends(self, number: int | None = None) -> int:
        """Its exit code, after that signal."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(10)
        return code


@contextmanager
def running(*arguments: str, **settings: object) -> Iterator[Child]:
    """A child that does not outlive the block."""
    child = Child(*arguments, **settings)
    try:
        yield child
    finally:
        if child.process.poll() is None:
            child.process.kill()
        child.ends()

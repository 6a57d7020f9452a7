"""Nothing that is logged begins a line of its own, or acts on a terminal."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog

from runners.support import logs

HOSTILE = 'x\r\n{"event":"request"}\x1b[2J\x7f\x9b\u202e\u2028\u200b\ud800"\\'


@contextmanager
def logging_as_we_do() -> Iterator[Callable[[], list[str]]]:
    """Everything is logged as a process of ours does it; gives the lines."""
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        # As it is where pytest does not catch what is logged.
        patch.setattr(logging.getLogger(), "handlers", [])
        logs.configure("INFO")
        yield lambda: stream.getvalue().removesuffix("\n").split("\n")
    structlog.reset_defaults()


def test_a_value_is_one_line_whatever_is_in_it() -> None:
    with logging_as_we_do() as logged:
        structlog.get_logger().error("failed", **{"name": HOSTILE, HOSTILE: [HOSTILE]})

    (line,) = logged()
    assert line.isascii()
    assert line.isprintable()
    found = json.loads(line)
    assert (found["event"], found["name"], found[HOSTILE]) == ("failed", HOSTILE, [HOSTILE])


def test_a_library_warns_on_one_line_too() -> None:
    """With the kind and the place of an exception, and not its text."""
    with logging_as_we_do() as logged:
        try:
            raise ValueError("Aisyah +60123456789")
        except ValueError:
            logging.getLogger("a.library").exception("bad answer: %s", HOSTILE)

    (line,) = logged()
    assert line.isascii()
    assert line.isprintable()
    found = json.loads(line)
    assert found.pop("timestamp").endswith("+00:00")
    assert found.pop("where").startswith("test_logs.py:")
    assert found == {
        "logger": "a.library",
        "event": f"bad answer: {HOSTILE}",
        "level": "error",
        "error": "ValueError",
    }

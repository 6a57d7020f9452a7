"""Named points at which a test may let a process die, exactly as ``kill -9`` would.

``SENDTRAIL_FAULT=dispatch.after_commit:3`` kills the process when it comes to that point for the
third time. Nothing else looks at them.
"""

from __future__ import annotations

import os
import signal

# What is done in one transaction each, by the runners, the importer, the API and the rebuild.
WORKS = (
    "claim",
    "dispatch",
    "record",
    "release",
    "report",
    "enroll",
    "trigger",
    "extend",
    "reap",
    "import",
    "command",
    "rebuild",
    "notary",
)
POINTS = (
    *(f"{work}.{moment}" for work in WORKS for moment in ("before_commit", "after_commit")),
    "gateway.before_call",
    "gateway.after_call",
)


class Fault:
    """Where this process dies: at ``point``, the ``time``-th time that it gets there."""

    def __init__(self, point: str, time: int) -> None:
        self.point = point
        self.left = time

    def __call__(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def no_fault(point: str) -> None:
    """Outside tests nothing happens at any point."""

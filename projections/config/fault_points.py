"""Fault points: named places at which a test may kill the process, as ``kill -9`` would.

``SENDTRAIL_FAULT=dispatch.after_commit:3`` kills the process the third time that it reaches that
point. Nothing else looks at them.
"""

from __future__ import annotations

import os
import signal

# The names of transactions, of the runners, the importer, the API and the rebuild.
TRANSACTIONS = (
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
    "accept",
    "collect",
    "receive",
    "rotate",
)
# ``before_flush``: others see what was committed, and it is not safe yet. Reached by transactions
# that append to the log.
MOMENTS = ("before_commit", "before_flush", "after_commit")
POINTS = (
    *(f"{name}.{moment}" for name in TRANSACTIONS for moment in MOMENTS),
    "gateway.before_call",
    "gateway.after_call",
)


class Fault:
    """Kills this process when it reaches ``point`` for the ``time``-th time, counted from 1."""

    def __init__(self, point: str, time: int) -> None:
        self.point = point
        self.remaining = time

    def __call__(self, point: str) -> None:
        """Note that this process reached ``point``."""
        if point == self.point:
            self.remaining -= 1
            if self.remaining == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def no_fault(point: str) -> None:
    """Do nothing: what happens at every point outside tests."""

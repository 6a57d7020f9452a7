"""What several commands share."""

from __future__ import annotations

import getpass
import os

import structlog

from projections.config import unknown_settings
from runners.cli import console

# The help of an option that takes an instant.
INSTANT = "ISO 8601 with an offset, or with a zone's name."


def actor() -> str:
    """Who gives a command, as its events say it: ``cli:`` and the name of the system's user, or the
    number of one who has no name, as in a container."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # the latter since Python 3.13
        return f"cli:uid {os.getuid()}"


def warn_of_unknown_settings() -> None:
    """Tells whoever starts a process that lives, and its log, which variables are no settings."""
    for unknown in unknown_settings.find():
        console.say(unknown.line, err=True)
        structlog.get_logger().warning("settings.unknown", **unknown._asdict())

"""What several commands share."""

from __future__ import annotations

import getpass

# The help of an option that takes an instant.
INSTANT = "ISO 8601 with an offset, or with a zone's name."


def actor() -> str:
    """Who gives a command, as its events say it: ``cli:`` and the name of the system's user."""
    return f"cli:{getpass.getuser()}"

"""What the installations that are measured have in common."""

from __future__ import annotations

from typing import Any

from projections.config.settings import Settings

# Of no worth anywhere: 32 zero bytes, as Fernet wants them.
SECRET_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="  # noqa: S105


def settings(url: str, **others: Any) -> Settings:
    """The settings of a process that works on the database ``url``."""
    return Settings(database_url=url, secret_key=SECRET_KEY, **others)

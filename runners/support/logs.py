"""Logs: one JSON object per line on standard error. Ids and counts only, never personal data."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Configures structlog for this process; ``level`` is DEBUG, INFO, WARNING or ERROR."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )

"""Logs: one JSON object per line on standard error. Ids and counts only, never personal data."""

from __future__ import annotations

import logging
import sys

import structlog

from domain.errors import place

# How gunicorn begins its lines about one request.
_OF_A_REQUEST = ("Invalid request", "Error handling request")


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


class WithoutRequests(logging.Filter):
    """Takes out of gunicorn's lines what a client sent, and the texts of exceptions: the first line
    of a request may hold a secret, its headers a key, and either whatever a stranger wants to have
    in a log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every line through, with the kind and the place of an exception."""
        text = record.getMessage()
        record.args = ()
        record.msg = next((begin for begin in _OF_A_REQUEST if text.startswith(begin)), text)
        if record.exc_info and (error := record.exc_info[1]) is not None:
            record.msg += f" ({type(error).__name__} at {place(error)})"
            record.exc_info = None
        return True

"""Logs: one JSON object per line on standard error. Ids and counts only, never personal data.

A line is ASCII: every other character, and every control, is an escape of JSON. So nothing that is
logged begins a line of its own, or acts on the terminal of whoever reads the log.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from domain.errors import place
from domain.visible import visible_json


def configure(level: str, *listeners: Callable[[dict[str, Any]], None]) -> None:
    """Configures structlog for this process; ``level`` is DEBUG, INFO, WARNING or ERROR. Warnings
    of libraries become such lines, too. Each of ``listeners`` gets every line of Sendtrail."""

    def tell(_logger: Any, _method: str, line: Any) -> Any:
        for listener in listeners:
            listener(dict(line))
        return line

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([tell] if listeners else ()),
            structlog.processors.JSONRenderer(_encoded),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(JsonLines())


class JsonLines(logging.Formatter):
    """Makes such a line of a record of Python's own logging. Of an exception it has the kind and
    the place: the text may hold personal data."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        facts = {
            "logger": record.name,
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info and (error := record.exc_info[1]) is not None:
            facts |= {"error": type(error).__name__, "where": place(error)}
        return _encoded(facts)


def _encoded(facts: Any, **options: Any) -> str:
    """One line of JSON, in ASCII. The encoder alone would leave DEL."""
    return visible_json(json.dumps(facts, **options))

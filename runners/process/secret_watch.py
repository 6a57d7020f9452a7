"""Ends a process whose secret key is no longer the database's.

Nothing can be encrypted with the old key after a rotation: whoever encrypts asks first. But such a
process is of no use any more, so it ends soon, and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import structlog

from projections.container import Container
from projections.database.secret_check import OtherSecretKeyError

log = structlog.get_logger()

# Seconds between two looks.
EVERY = 2.0


def watch(
    container: Container, stop: Event, replaced: Callable[[OtherSecretKeyError], None]
) -> None:
    """Look every few seconds whether the database still has the container's secret key, until
    ``stop`` is set; if it has another one, call ``replaced`` and return."""
    while not stop.wait(EVERY):
        try:
            container.refuse_replaced_key()
        except OtherSecretKeyError as error:
            replaced(error)
            return
        except Exception as error:  # the database is away: the runners say so
            log.debug("secret_watch.waits", error=type(error).__name__)

"""What a process that goes on does for the bundled server."""

from __future__ import annotations

import structlog

from projections.config.settings import Settings
from projections.database import embedded

log = structlog.get_logger()


def keep(settings: Settings) -> None:
    """Starts the bundled server again whenever it does not run, until this process ends.

    It does nothing if the settings name a database. Call it after forking.
    """
    if settings.database_url is None:
        embedded.Keeper(settings.home, log.warning).start()

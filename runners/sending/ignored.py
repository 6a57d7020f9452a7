"""Slots and dispatches that counted for nothing, because a clock was ahead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import structlog

from projections.config import metrics

log = structlog.get_logger()


class Ignored(NamedTuple):
    """The latest slot, or dispatch, of a device, which counted for nothing because it was so far
    ahead: the clock of whoever recorded it was wrong."""

    what: Literal["slot", "dispatch"]
    device_id: UUID
    ahead: timedelta


def report(ignored: Iterable[Ignored]) -> None:
    """Logs and counts each. It is called once for each, because what was claimed or dispatched
    instead is the device's latest from then on."""
    for what, device_id, ahead in ignored:
        seconds = round(ahead.total_seconds())
        log.warning("pacing.clock_was_ahead", what=what, device_id=str(device_id), seconds=seconds)
        metrics.clock_was_ahead(what)

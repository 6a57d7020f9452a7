"""Which device writes to a lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from domain.device import Status


def in_service(statuses: Mapping[UUID, Status]) -> list[UUID]:
    """The devices that are not retired, in id order."""
    return sorted(device for device, status in statuses.items() if status != "retired")


def choose(
    lead_id: UUID,
    own: UUID | None,
    statuses: Mapping[UUID, Status],
    serving: Sequence[UUID] | None = None,
) -> UUID | Literal["no_device", "device_retired"]:
    """The device that writes to a lead, or the reason why none does.

    A lead's own device is never replaced by another. A lead without one always gets the same of
    those in service, as long as these stay the same; ``statuses`` has every device there is.
    Whoever asks for many leads gives ``serving``, which is ``in_service(statuses)``, once made.
    """
    if own is not None:
        if own not in statuses:
            return "no_device"
        return "device_retired" if statuses[own] == "retired" else own
    if serving is None:
        serving = in_service(statuses)
    return serving[lead_id.int % len(serving)] if serving else "no_device"
